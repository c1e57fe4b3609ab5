/** CRCs by WebAssembly SIMD, in a small memory of the kernel's own that bytes are copied into. */
import { copyBytes } from '../../copy-bytes.ts';
import { instantiateKernel, type KernelFunction, kernelFunction } from '../../webassembly/instantiate.ts';
import { kernelBase64 } from './kernel.generated.ts';
import type { CrcAlgorithm, CrcKernel } from './types.ts';

/** The kernel's memory, and where kernel.as.ts has the register and the bytes in it. */
const MEMORY_BYTES = 131_072;
const STATE = 49_152;
const DATA = 50_944;
const PIECE_BYTES_MAX = 65_536;

/** The kernel, or undefined if this runtime does not take it. */
export function createSimdKernel(): CrcKernel | undefined {
  const exports = instantiateKernel(kernelBase64);
  if (exports === undefined) return undefined;
  const { memory } = exports;
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('the kernel has no memory');
  const bytesInMemory = new Uint8Array(memory.buffer, 0, MEMORY_BYTES);
  const state = new Int32Array(memory.buffer, STATE, 2);
  const functions: Readonly<Record<CrcAlgorithm, KernelFunction>> = {
    CRC32: kernelFunction(exports, 'crc32'),
    CRC32C: kernelFunction(exports, 'crc32c'),
    CRC64NVME: kernelFunction(exports, 'crc64nvme'),
  };
  return {
    kind: 'simd',
    update(register, bytes) {
      const run = functions[register.algorithm];
      state[0] = register.low;
      state[1] = register.high;
      for (let at = 0; at < bytes.length; at += PIECE_BYTES_MAX) {
        const length = Math.min(PIECE_BYTES_MAX, bytes.length - at);
        copyBytes(length === bytes.length ? bytes : bytes.subarray(at, at + length), bytesInMemory, DATA);
        run(length);
      }
      register.low = state[0];
      register.high = state[1];
    },
  };
}
