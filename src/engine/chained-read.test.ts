import { expect, test } from 'vitest';
import { BlobError } from '../blob/types.ts';
import { ChainedRead, type SliceRead } from './chained-read.ts';

/** A read of the texts, one chunk each, that counts its holds and remembers what was asked of it. */
class FakeRead implements AsyncIterableIterator<Uint8Array> {
  asked = 0;
  isHeld = true;
  readonly #chunks: (string | Error)[];
  constructor(...chunks: (string | Error)[]) {
    this.#chunks = chunks;
  }
  async next(): Promise<IteratorResult<Uint8Array>> {
    this.asked++;
    const chunk = this.#chunks.shift();
    if (chunk instanceof Error) throw chunk;
    if (chunk === undefined) return this.return();
    return { done: false, value: Buffer.from(chunk) };
  }
  async return(): Promise<IteratorResult<Uint8Array>> {
    this.isHeld = false;
    return { done: true, value: undefined };
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
}

function slice(iterator: FakeRead, length: number): SliceRead {
  return { iterator, length };
}

async function textOf(read: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of read) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('several slices → their bytes in order, no hold left', async () => {
  const [a, b] = [new FakeRead('ab', 'cd'), new FakeRead('ef')];
  const chained = new ChainedRead([slice(a, 4), slice(b, 2)]);
  await chained.prime();
  expect(await textOf(chained)).toBe('abcdef');
  expect([a.isHeld, b.isHeld]).toEqual([false, false]);
});

test('few bytes in one chunk → taken as a whole, no hold left; in two → still a stream', async () => {
  const [one, two] = [new FakeRead('abcd'), new FakeRead('ab', 'cd')];
  const whole = new ChainedRead([slice(one, 4)]);
  await whole.prime();
  expect(Buffer.from((await whole.takeWhole()) ?? []).toString()).toBe('abcd');
  expect(one.isHeld).toBe(false);
  const chained = new ChainedRead([slice(two, 4)]);
  await chained.prime();
  expect(await chained.takeWhole()).toBeUndefined();
  expect(await textOf(chained)).toBe('abcd');
});

test('no slices → an empty stream', async () => {
  const chained = new ChainedRead([]);
  await chained.prime();
  expect(await textOf(chained)).toBe('');
});

test('the last chunk of a slice given → the next slice is being read already, not earlier', async () => {
  const next = new FakeRead('ef');
  const chained = new ChainedRead([slice(new FakeRead('ab', 'cd'), 4), slice(next, 2)]);
  await chained.next();
  expect(next.asked).toBe(0);
  await chained.next();
  expect(next.asked).toBe(1);
});

test('returned before the first chunk, or in the middle → no hold left', async () => {
  for (const taken of [0, 1, 2]) {
    const reads = [new FakeRead('ab'), new FakeRead('cd'), new FakeRead('ef')];
    const chained = new ChainedRead(reads.map((read) => slice(read, 2)));
    for (let n = 0; n < taken; n++) await chained.next();
    await chained.return();
    expect(reads.map(({ isHeld }) => isHeld)).toEqual([false, false, false]);
    expect((await chained.next()).done).toBe(true);
  }
});

test('the first chunk cannot be read → prime rejects with the store error, no hold left', async () => {
  const reads = [new FakeRead(new BlobError('SegmentGone', 'gone')), new FakeRead('cd')];
  const chained = new ChainedRead(reads.map((read) => slice(read, 2)));
  await expect(chained.prime()).rejects.toMatchObject({ name: 'BlobError', code: 'SegmentGone' });
  expect(reads.map(({ isHeld }) => isHeld)).toEqual([false, false]);
});

test('a later chunk cannot be read → ServiceUnavailable after what came before, no hold left', async () => {
  const reads = [new FakeRead('ab'), new FakeRead(new BlobError('Unreadable', 'lost')), new FakeRead('ef')];
  const chained = new ChainedRead(reads.map((read) => slice(read, 2)));
  await chained.prime();
  expect(Buffer.from((await chained.next()).value ?? []).toString()).toBe('ab');
  await expect(chained.next()).rejects.toMatchObject({ name: 'EngineError', code: 'ServiceUnavailable' });
  expect(reads.map(({ isHeld }) => isHeld)).toEqual([false, false, false]);
});

test('a read that ends early → an error, never a short stream', async () => {
  const chained = new ChainedRead([slice(new FakeRead('ab'), 3)]);
  await expect(textOf(chained)).rejects.toThrow('1 bytes early');
});
