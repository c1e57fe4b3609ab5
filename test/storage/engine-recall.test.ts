/** Versions whose bytes are at hand: condition → result. */
import { expect, test } from 'vitest';
import { EngineStore } from '../support/engine-store.ts';

test('a small version read before → its bytes are recalled, whole; its successor is never taken for it', async () => {
  await using store = await EngineStore.open({}, { hotBlobBytesMax: 64 * 1024 });
  const bucket = await store.newBucket();
  const { objects } = store.engine;
  const whole = { start: 0, end: 3 };
  await store.put(bucket, 'k', 'old');
  const old = await objects.find(bucket, 'k');
  expect(objects.recall(old, whole)).toBeUndefined();
  await store.read(old);
  expect(Buffer.from(objects.recall(old, whole) ?? []).toString()).toBe('old');
  expect(objects.recall(old, { start: 1, end: 3 })).toBeUndefined();
  await store.put(bucket, 'k', 'new');
  const replaced = await objects.find(bucket, 'k');
  expect(objects.recall(replaced, whole)).toBeUndefined();
  await store.read(replaced);
  expect(Buffer.from(objects.recall(replaced, whole) ?? []).toString()).toBe('new');
});
