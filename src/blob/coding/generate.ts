/** Compiles kernel.as.ts to WebAssembly and writes it as kernel.generated.ts. Run by `npm run generate`. */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const SOURCE = new URL('./kernel.as.ts', import.meta.url);
const TARGET = new URL('./kernel.generated.ts', import.meta.url);

/** The text that kernel.generated.ts must have. */
export async function generateKernel(): Promise<string> {
  const source = await readFile(SOURCE, 'utf8');
  let binary: Uint8Array | undefined;
  const flags = ['--optimizeLevel', '3', '--runtime', 'stub', '--noAssert', '--importMemory', '--sharedMemory'];
  const features = ['--enable', 'simd', '--enable', 'relaxed-simd', '--enable', 'threads'];
  const memory = ['--initialMemory', '1', '--maximumMemory', '65536'];
  const { error, stderr } = await asc.main(
    ['kernel.ts', '--outFile', 'kernel.wasm', ...flags, ...features, ...memory],
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

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await writeFile(fileURLToPath(TARGET), await generateKernel());
}
