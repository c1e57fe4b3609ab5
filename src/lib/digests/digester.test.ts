import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { type ChecksumAlgorithm, checksumAlgorithms, type Digests, digestLengthBytes } from './algorithms.ts';
import { DigestPool, digest, digestGiven, openDigester } from './digester.ts';

const all = new Set(checksumAlgorithms);

/** Published check values: of no bytes, and of the digits 1 to 9. */
const vectors: Readonly<Record<ChecksumAlgorithm, readonly [empty: string, digits: string]>> = {
  CRC32: ['00000000', 'cbf43926'],
  CRC32C: ['00000000', 'e3069283'],
  CRC64NVME: ['0000000000000000', 'ae8b14860a799888'],
  SHA1: ['da39a3ee5e6b4b0d3255bfef95601890afd80709', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  SHA256: [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  ],
  SHA512: [
    'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
    'd9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85',
  ],
  MD5: ['d41d8cd98f00b204e9800998ecf8427e', '25f9e794323b453885f5181f1b624d0b'],
  XXHASH64: ['ef46db3751d8e999', '8cb841db40e6ae83'],
  XXHASH3: ['2d06800538d394c2', '72dcb18b67a17dff'],
  XXHASH128: ['99aa06d3014798d86001c324468d497f', '33119477ede5dcd5e9716427681d5860'],
};

const tinyRing = { slots: 2, slotBytes: 1000 };
const pool = new DigestPool({ threads: 1, ring: tinyRing });
afterAll(() => pool.close());

/** A pool whose one thread has yet to start, so that it frees no slot before the test lets the event loop turn. */
function freshPool(): DigestPool {
  return new DigestPool({ threads: 1, ring: tinyRing });
}

function hex(digests: Digests): Record<string, string> {
  return Object.fromEntries([...digests].map(([name, value]) => [name, Buffer.from(value).toString('hex')]));
}

function sample(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (Math.imul(i + seed, 0x9e3779b1) >>> 13) & 255);
}

async function feed(digester: ReturnType<typeof openDigester>, bytes: Uint8Array, cuts: readonly number[]) {
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    await digester.update(bytes.subarray(from, to));
    from = to;
  }
  return hex(await digester.finish());
}

describe.each(checksumAlgorithms)('%s', (algorithm) => {
  test('known strings → the published digests', async () => {
    const [empty, digits] = vectors[algorithm];
    expect(hex(await digest(new Set([algorithm]), Buffer.alloc(0)))).toEqual({ [algorithm]: empty });
    expect(hex(await digest(new Set([algorithm]), Buffer.from('123456789')))).toEqual({ [algorithm]: digits });
  });

  test('digest has the length the table says', async () => {
    const digests = await digest(new Set([algorithm]), sample(100));
    expect(digests.get(algorithm)?.length).toBe(digestLengthBytes[algorithm]);
  });
});

test('any split of the bytes, inline and in a thread → the same digests as in one piece', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 20_000 }), fc.array(fc.nat(), { maxLength: 12 }), async (n, cuts) => {
      const bytes = sample(n);
      const whole = hex(await digest(all, bytes));
      expect(await feed(openDigester(all, 0), bytes, cuts)).toEqual(whole);
      expect(await feed(pool.open(all), bytes, cuts)).toEqual(whole);
    }),
    { numRuns: 60 },
  );
});

test('a body of unknown length → hashed by the shared threads', async () => {
  const bytes = randomBytes(5 * 1024 * 1024 + 7);
  const digests = await feed(openDigester(new Set(['MD5', 'SHA256'])), bytes, [65_536, 1_000_000, 1_000_001]);
  expect(digests).toEqual({
    MD5: createHash('md5').update(bytes).digest('hex'),
    SHA256: createHash('sha256').update(bytes).digest('hex'),
  });
});

test('the chunk is overwritten once update has resolved → the digest is of the bytes it had', async () => {
  const bytes = sample(9_000);
  const expected = hex(await digest(all, bytes));
  for (const digester of [openDigester(all, 0), pool.open(all)]) {
    const chunk = new Uint8Array(900);
    for (let at = 0; at < bytes.length; at += chunk.length) {
      chunk.set(bytes.subarray(at, at + chunk.length));
      await digester.update(chunk);
      chunk.fill(0);
    }
    expect(hex(await digester.finish())).toEqual(expected);
  }
});

test('more streams than slots on one thread, each with bytes held back → all finish with their own digests', async () => {
  const streams = Array.from({ length: 9 }, (_, i) => ({ bytes: sample(30_000 + i, i), digester: pool.open(all) }));
  const step = 700;
  for (let at = 0; at < 31_000; at += step) {
    await Promise.all(streams.map(({ bytes, digester }) => digester.update(bytes.subarray(at, at + step))));
  }
  for (const { bytes, digester } of streams) {
    expect(hex(await digester.finish())).toEqual(hex(await digest(all, bytes)));
  }
});

test('update beyond the shared memory → waits, and goes on when the thread has caught up', async () => {
  const own = freshPool();
  const digester = own.open(new Set(['MD5']));
  const bytes = sample(50_000);
  const waiting = digester.update(bytes);
  expect(waiting).toBeInstanceOf(Promise);
  await waiting;
  expect(hex(await digester.finish())).toEqual({ MD5: createHash('md5').update(bytes).digest('hex') });
  await own.close();
});

test('streams given up at every stage → the others and later ones are not held up', async () => {
  const own = freshPool();
  const waiting = own.open(all);
  const waits = waiting.update(sample(40_000));
  const partial = own.open(all);
  const behind = partial.update(sample(10));
  partial.abort();
  waiting.abort();
  await expect(waits).rejects.toThrow('given up');
  await expect(behind).rejects.toThrow('given up');
  const bytes = sample(12_345);
  expect(await feed(own.open(all), bytes, [100])).toEqual(hex(await digest(all, bytes)));
  await own.close();
});

test('abort after finish → nothing', async () => {
  for (const digester of [openDigester(all, 0), pool.open(all)]) {
    await digester.update(sample(10));
    await digester.finish();
    digester.abort();
  }
});

test('the thread dies → update and finish reject, and the next stream gets a new thread', async () => {
  const own = freshPool();
  const lost = own.open(all);
  const alsoLost = own.open(all);
  await lost.update(sample(10));
  const finishing = lost.finish();
  finishing.catch(() => {});
  await own.close();
  await expect(finishing.then(() => alsoLost.finish())).rejects.toThrow('the digest thread has ended');
  await expect(Promise.resolve(alsoLost.update(sample(1)))).rejects.toThrow('the digest thread has ended');
  expect(await feed(own.open(all), sample(3_000), [])).toEqual(hex(await digest(all, sample(3_000))));
  await own.close();
});

test('what an upload usually asks for → a small digest never waits', async () => {
  const digester = openDigester(new Set(['MD5', 'CRC64NVME']), 10);
  expect(digester.update(sample(10))).toBeUndefined();
  await digester.finish();
});

test('a thread without streams → ends; the next stream has another one', async () => {
  const idle = new DigestPool({ threads: 1, ring: tinyRing, idleMsMax: 20 });
  const first = await feed(idle.open(all), sample(5_000), [1_500]);
  await eventually(() => expect(idle.threads).toBe(0));
  expect(await feed(idle.open(all), sample(5_000), [700])).toEqual(first);
  await idle.close();
});

test.each([0, 1000, 300_000, 1_500_000])(
  '%i bytes that are given away → their digests, and they come back',
  async (length) => {
    const bytes = Buffer.from(sample(length));
    const expected = hex(await digest(all, bytes));
    const memory = Buffer.allocUnsafeSlow(length + 100);
    bytes.copy(memory, 7);
    const given = memory.subarray(7, 7 + length);
    const { digests, bytes: back } = await digestGiven(all, given);
    expect(hex(digests)).toEqual(expected);
    expect(Buffer.compare(back, bytes)).toBe(0);
  },
);

test('a part of memory that others use → digested where it lies', async () => {
  const memory = Buffer.from(sample(1_000_000));
  const { digests } = await digestGiven(all, memory.subarray(0, 400_000));
  expect(hex(digests)).toEqual(hex(await digest(all, memory.subarray(0, 400_000))));
  expect(memory.length).toBe(1_000_000);
});

test('the thread ends while it has bytes that were given away → the digest fails', async () => {
  const ending = new DigestPool({ threads: 1, ring: tinyRing });
  const digested = ending.digestWhole(all, new Uint8Array(1_000_000));
  await ending.close();
  await expect(digested).rejects.toThrow('ended');
});
