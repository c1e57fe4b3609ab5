/** Compiles kernel.as.ts to WebAssembly and writes it as kernel.generated.ts. Run by `npm run generate`. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { kernelText } from '../../lib/webassembly/generate.ts';

/** The memory comes from outside, as all threads share it. */
const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
const features = ['--enable', 'simd', '--enable', 'relaxed-simd', '--enable', 'threads'];

/** The text that kernel.generated.ts must have. */
export function generateKernel(): Promise<string> {
  return kernelText(new URL('./kernel.as.ts', import.meta.url), [...features, ...memory]);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await writeFile(fileURLToPath(new URL('./kernel.generated.ts', import.meta.url)), await generateKernel());
}
