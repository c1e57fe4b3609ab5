import fc from 'fast-check';
import { expect, test } from 'vitest';
import { combineCrc, isCrc } from './combine-crc.ts';
import type { CrcAlgorithm } from './crc/types.ts';
import { digest } from './digester.ts';

const crcs: readonly CrcAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME'];

async function crc(algorithm: CrcAlgorithm, bytes: Uint8Array): Promise<Uint8Array> {
  const value = (await digest(new Set([algorithm]), bytes)).get(algorithm);
  if (value === undefined) throw new Error('no digest');
  return value;
}

test.each(crcs)('%s of any cut → combines to the digest of the whole', async (algorithm) => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3_000 }), fc.nat(), async (bytes, cut) => {
      const at = cut % (bytes.length + 1);
      const a = await crc(algorithm, bytes.subarray(0, at));
      const b = await crc(algorithm, bytes.subarray(at));
      expect(Buffer.from(combineCrc(algorithm, a, b, bytes.length - at))).toEqual(
        Buffer.from(await crc(algorithm, bytes)),
      );
    }),
    { numRuns: 100 },
  );
});

test.each(crcs)('%s of parts longer than memory → adds up whichever way it is grouped', async (algorithm) => {
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((text) => crc(algorithm, Buffer.from(text))));
  if (a === undefined || b === undefined || c === undefined) throw new Error('no digests');
  const lengthB = 5 * 2 ** 40 + 12_345;
  const lengthC = 3 * 2 ** 40 + 1;
  const leftFirst = combineCrc(algorithm, combineCrc(algorithm, a, b, lengthB), c, lengthC);
  const rightFirst = combineCrc(algorithm, a, combineCrc(algorithm, b, c, lengthC), lengthB + lengthC);
  expect(leftFirst).toEqual(rightFirst);
});

test('only the three CRCs can be combined', () => {
  expect(isCrc('CRC64NVME')).toBe(true);
  expect(isCrc('SHA1')).toBe(false);
  expect(() => combineCrc('CRC32', new Uint8Array(8), new Uint8Array(4), 1)).toThrow('not a digest of CRC32');
});
