/** Compiles AssemblyScript to WebAssembly, for the kernels' own generate.ts. Needs nothing at run time. */
import { readFile } from 'node:fs/promises';
import asc from 'assemblyscript/asc';

/** The text of kernel.generated.ts beside `kernel.as.ts`: the module in base64, compiled with these flags beside the usual. */
export async function kernelText(sourceUrl: URL, flags: readonly string[]): Promise<string> {
  const source = await readFile(sourceUrl, 'utf8');
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ['kernel.ts', '--outFile', 'kernel.wasm', '--optimizeLevel', '3', '--runtime', 'stub', '--noAssert', ...flags],
    {
      readFile: (name) => (name === 'kernel.ts' ? source : null),
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) throw new Error(`the kernel does not compile: ${stderr.toString()}`, { cause: error });
  const text = Buffer.from(binary).toString('base64');
  return [
    '// Generated from kernel.as.ts by generate.ts; do not edit.',
    '',
    '/** The WebAssembly module of kernel.as.ts, base64. */',
    `export const kernelBase64 =\n  '${text}';`,
    '',
  ].join('\n');
}
