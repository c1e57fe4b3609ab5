/** Bodies that are gathered in memory share a buffer: whoever finds it full waits, and nobody keeps of it what it needs no more. */
import { expect, test } from 'vitest';
import type { BodySource } from '../../src/engine/types.ts';
import { plain as attributes, bodyOf, EngineStore } from '../support/engine-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const random = new SeededRandom(1);

test('more bodies at once than the buffer takes → all of them are put', async () => {
  await using store = await EngineStore.open({ bufferedBytesMax: 100_000 });
  const bucket = await store.newBucket();
  const contents = Array.from({ length: 12 }, () => random.bytes(60_000));
  await Promise.all(contents.map((content, n) => store.put(bucket, `k${n}`, content)));
  for (const [n, content] of contents.entries()) expect((await store.get(bucket, `k${n}`)).equals(content)).toBe(true);
});

test('a large body of no known length that stalls → holds no buffer that others wait for', async () => {
  await using store = await EngineStore.open({ bufferedBytesMax: 100_000 });
  const bucket = await store.newBucket();
  const content = random.bytes(store.blobs.placeLimitBytes + 1);
  const stalled = Promise.withResolvers<void>();
  const resume = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield content;
    stalled.resolve();
    await resume.promise;
    yield Buffer.from('end');
  }
  const { length: _, ...source } = bodyOf(content);
  const putting = store.engine.objects.put({ bucket, key: 'slow', source: { ...source, stream: slow() }, attributes });
  await stalled.promise;
  await store.put(bucket, 'quick', random.bytes(60_000));
  resume.resolve();
  await putting;
  expect((await store.get(bucket, 'slow')).equals(Buffer.concat([content, Buffer.from('end')]))).toBe(true);
});

test('a body refused, again and again → the buffer is given back each time', async () => {
  await using store = await EngineStore.open({ bufferedBytesMax: 100_000 });
  const bucket = await store.newBucket();
  const refuse = () => {
    throw new Error('BadDigest');
  };
  for (let n = 0; n < 5; n++) {
    const source: BodySource = bodyOf(random.bytes(60_000), { verify: refuse });
    await expect(store.engine.objects.put({ bucket, key: 'k', source, attributes })).rejects.toThrow('BadDigest');
  }
  await store.put(bucket, 'k', random.bytes(60_000));
});
