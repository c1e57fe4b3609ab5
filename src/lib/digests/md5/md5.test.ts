import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { generateKernel } from './generate.ts';
import { type Md5Kernel, md5Kernel, works } from './kernel.ts';
import { Md5 } from './md5.ts';

function kernel(): Md5Kernel {
  const found = md5Kernel();
  if (found === undefined) throw new Error('the kernel does not work here');
  return found;
}

function sample(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Math.imul(i + seed, 0x9e3779b1) >>> 13);
}

function expected(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function hexOf(md5: Md5): string {
  return Buffer.from(md5.digest()).toString('hex');
}

/** The bytes in pieces that end where the cuts say. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

test('strings of RFC 1321 → their published digests', () => {
  const published: readonly (readonly [string, string])[] = [
    ['', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['a', '0cc175b9c0f1b6a831c399e269772661'],
    ['message digest', 'f96b697d7cb7938d525a2f31aaf161d0'],
    ['1234567890'.repeat(8), '57edf4a22be3c955ac49da2e2107b67a'],
  ];
  for (const [text, digest] of published) {
    const md5 = new Md5(kernel());
    md5.update(Buffer.from(text));
    expect(hexOf(md5)).toBe(digest);
  }
});

test('every length about the ends of blocks and of the memory → the digest of node:crypto', () => {
  const lengths = [...Array(200).keys(), 65_535, 65_536, 65_537, 65_600, 131_073];
  for (const length of lengths) {
    const md5 = new Md5(kernel());
    md5.update(sample(length));
    expect(hexOf(md5)).toBe(expected(sample(length)));
  }
});

test('any bytes in any pieces, by turns with another stream → the digest of node:crypto', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 8 });
  fc.assert(
    fc.property(fc.nat({ max: 150_000 }), cuts, cuts, (length, cutsOfA, cutsOfB) => {
      const [a, b] = [sample(length, 1), sample(length, 2)];
      const [ofA, ofB] = [new Md5(kernel()), new Md5(kernel())];
      const piecesOfB = cut(b, cutsOfB);
      for (const piece of cut(a, cutsOfA)) {
        ofA.update(piece);
        ofB.update(piecesOfB.shift() ?? new Uint8Array(0));
      }
      for (const piece of piecesOfB) ofB.update(piece);
      expect([hexOf(ofA), hexOf(ofB)]).toEqual([expected(a), expected(b)]);
    }),
    { numRuns: 30 },
  );
});

test('a length of more than 32 bits of bits → counted whole', () => {
  const md5 = new Md5(kernel());
  const piece = new Uint8Array(16 * 1024 * 1024);
  // As md5sum says of 528 MiB of zeros. With 512 MiB the count in bits no longer fits into 32.
  for (let i = 0; i < 33; i++) md5.update(piece);
  expect(hexOf(md5)).toBe('ae045953bc902db39a63884a75d06a90');
});

test('the self-test takes the right kernel and no wrong one', () => {
  const right = kernel();
  expect(works(right)).toBe(true);
  expect(works({ ...right, run: () => {} })).toBe(false);
  const wrong: Md5Kernel = {
    ...right,
    run(length) {
      right.run(length);
      right.words[3] = (right.words[3] ?? 0) ^ 1;
    },
  };
  expect(works(wrong)).toBe(false);
});

test('the kernel is what its source compiles to', async () => {
  const committed = await readFile(new URL('./kernel.generated.ts', import.meta.url), 'utf8');
  expect(committed).toBe(await generateKernel());
});
