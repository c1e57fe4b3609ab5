/** The CRC kernel of this thread: WebAssembly SIMD where that works, else its scalar twin. */
import { createScalarKernel } from './scalar-kernel.ts';
import { createSimdKernel } from './simd-kernel.ts';
import { type CrcAlgorithm, type CrcKernel, startRegister } from './types.ts';

let kernel: CrcKernel | undefined;

/** Made when first asked for, which takes less than a millisecond, and proven before a byte is entrusted to it. */
export function crcKernel(): CrcKernel {
  kernel ??= openKernel();
  return kernel;
}

function openKernel(): CrcKernel {
  const scalar = createScalarKernel();
  const simd = createSimdKernel();
  return simd !== undefined && agree(simd, scalar) ? simd : scalar;
}

/** Whether two kernels come to the same, over lengths that take every way through the code. */
export function agree(a: CrcKernel, b: CrcKernel): boolean {
  const bytes = Uint8Array.from({ length: 3_000 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 13);
  const algorithms: readonly CrcAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME'];
  return algorithms.every((algorithm) => {
    const ofA = startRegister(algorithm);
    const ofB = startRegister(algorithm);
    for (const piece of [bytes, bytes.subarray(0, 100), bytes.subarray(5, 8)]) {
      a.update(ofA, piece);
      b.update(ofB, piece);
    }
    return ofA.low === ofB.low && ofA.high === ofB.high;
  });
}
