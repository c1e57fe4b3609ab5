/** Compiles kernel.as.ts to WebAssembly and writes it as kernel.generated.ts. Run by `npm run generate`. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { kernelText } from '../../webassembly/generate.ts';

/** Each instance has a memory of its own: states and 64 KiB of data. */
const flags = ['--enable', 'simd', '--initialMemory', '2', '--maximumMemory', '2'];

/** The text that kernel.generated.ts must have. */
export function generateKernel(): Promise<string> {
  return kernelText(new URL('./kernel.as.ts', import.meta.url), flags);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await writeFile(fileURLToPath(new URL('./kernel.generated.ts', import.meta.url)), await generateKernel());
}
