import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { generateKernel } from './generate.ts';
import { agree, crcKernel } from './kernel.ts';
import { createScalarKernel } from './scalar-kernel.ts';
import { createSimdKernel } from './simd-kernel.ts';
import { type CrcAlgorithm, type CrcKernel, crcDefinitions, endRegister, startRegister } from './types.ts';

const algorithms: readonly CrcAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME'];

/** Of the digits 1 to 9, as published. */
const checks: Readonly<Record<CrcAlgorithm, string>> = {
  CRC32: 'cbf43926',
  CRC32C: 'e3069283',
  CRC64NVME: 'ae8b14860a799888',
};

/** The definition: one bit after the other. */
function bitwise(algorithm: CrcAlgorithm, bytes: Uint8Array): string {
  const { widthBytes, polynomial } = crcDefinitions[algorithm];
  const ones = (1n << BigInt(widthBytes * 8)) - 1n;
  let crc = ones;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return (crc ^ ones).toString(16).padStart(widthBytes * 2, '0');
}

function sample(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 13);
}

function crcOf(kernel: CrcKernel, algorithm: CrcAlgorithm, pieces: readonly Uint8Array[]): string {
  const register = startRegister(algorithm);
  for (const piece of pieces) kernel.update(register, piece);
  return Buffer.from(endRegister(register)).toString('hex');
}

function simdKernel(): CrcKernel {
  const kernel = createSimdKernel();
  if (kernel === undefined) throw new Error('this runtime has no SIMD');
  return kernel;
}

describe.each([
  ['simd', simdKernel()],
  ['scalar', createScalarKernel()],
] as const)('the %s kernel', (_kind, kernel) => {
  test.each(algorithms)('%s of known bytes → the published value', (algorithm) => {
    expect(crcOf(kernel, algorithm, [Buffer.from('123456789')])).toBe(checks[algorithm]);
    expect(crcOf(kernel, algorithm, [])).toBe('00'.repeat(crcDefinitions[algorithm].widthBytes));
  });

  test.each(algorithms)('%s of any bytes in any pieces → what the definition gives', (algorithm) => {
    const cuts = fc.array(fc.nat(), { maxLength: 5 });
    fc.assert(
      fc.property(fc.nat({ max: 4_000 }), fc.nat(), cuts, (length, seed, cutsAt) => {
        const bytes = sample(length, seed);
        const ends = [...cutsAt.map((cut) => cut % (length + 1)).sort((a, b) => a - b), length];
        const pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
        expect(crcOf(kernel, algorithm, pieces)).toBe(bitwise(algorithm, bytes));
      }),
      { numRuns: 60 },
    );
  });

  test.each(algorithms)('%s of a single bit anywhere in a piece → what the definition gives', (algorithm) => {
    for (const length of [1_700, 1_715]) {
      for (let at = 0; at < length; at += 61) {
        const bytes = new Uint8Array(length);
        bytes[at] = 1 << (at % 8);
        expect(crcOf(kernel, algorithm, [bytes])).toBe(bitwise(algorithm, bytes));
      }
    }
  });
});

test.each(algorithms)('%s of more than the memory of the kernel → the scalar value', (algorithm) => {
  for (const length of [65_535, 65_536, 65_537, 300_001]) {
    const bytes = sample(length);
    const expected = crcOf(createScalarKernel(), algorithm, [bytes]);
    expect(crcOf(simdKernel(), algorithm, [bytes])).toBe(expected);
    if (algorithm === 'CRC32') expect(expected).toBe(crc32(bytes).toString(16).padStart(8, '0'));
  }
});

test('CRCs under way by turns on one kernel → each has its own value', () => {
  const kernel = simdKernel();
  const registers = [...algorithms, ...algorithms].map(startRegister);
  const pieces = [sample(2_000, 1), sample(10, 2), sample(1_500, 3)];
  for (const piece of pieces) for (const register of registers) kernel.update(register, piece);
  for (const register of registers) {
    const { algorithm } = register;
    expect(Buffer.from(endRegister(register)).toString('hex')).toBe(bitwise(algorithm, Buffer.concat(pieces)));
  }
});

test('the self-test takes the right kernel and no wrong one', () => {
  const scalar = createScalarKernel();
  expect(agree(simdKernel(), scalar)).toBe(true);
  expect(crcKernel().kind).toBe('simd');
  for (const algorithm of algorithms) {
    const wrong: CrcKernel = {
      kind: 'simd',
      update(register, bytes) {
        scalar.update(register, bytes);
        if (register.algorithm === algorithm && bytes.length > 1_500) register.low ^= 1;
      },
    };
    expect(agree(wrong, scalar)).toBe(false);
  }
});

test('the kernel is what its source compiles to', async () => {
  const committed = await readFile(new URL('./kernel.generated.ts', import.meta.url), 'utf8');
  expect(committed).toBe(await generateKernel());
});
