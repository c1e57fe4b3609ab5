/** Destinations elsewhere that are taken out of the configuration, on a real index by a clock that the test moves. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeReplication } from '../../src/engine/replication/rules.ts';
import type { Bucket } from '../../src/engine/types.ts';
import { bodyOf, EngineStore, plain } from '../support/engine-store.ts';
import { notedTarget } from '../support/noted-target.ts';
import { hourMs, newRuledBucket, replicating, until } from '../support/replicating-store.ts';

const there = 'arn:aws:s3:::there';
const cause = { requestId: 'r', hostId: 'h', requester: 'AWS:1', sourceAddress: '' };
const configured = new Map([[there, notedTarget().target]]);
const taken = new Map<never, never>();

let store: EngineStore;
let source: Bucket;
beforeAll(async () => {
  store = await EngineStore.open();
  source = await newRuledBucket(store, { name: 'source', destination: { bucket: there } });
  const before = replicating(store, { elsewhere: configured });
  await before.job.step();
  await before.close();
});
afterAll(() => store[Symbol.asyncDispose]());

const put = (key: string, bucket = source) =>
  store.engine.objects.put({ bucket, key, source: bodyOf('x'), attributes: plain, cause });
const statusOf = async (key: string, bucket = source) =>
  (await store.engine.objects.find(bucket, key)).attributes.replication;

test('what is for it waits, and it is told why; what no rule has replicated there fails; it is back → all is replicated', async () => {
  const other = await newRuledBucket(store, { name: 'other', destination: { bucket: there } });
  for (const key of ['k', 'l']) await put(key);
  const without = replicating(store, { elsewhere: taken });
  await until(without, () => expect(without.whyAway(there)).toMatch(/^The configuration names .*:there no more/));
  await put('m', other);
  await writeReplication(store.engine.buckets, other, undefined);
  await until(without, async () => {
    store.nowMs += 60_000;
    expect(await statusOf('m', other)).toBe('FAILED');
  });
  expect([await statusOf('k'), await statusOf('l')]).toEqual(['PENDING', 'PENDING']);
  await without.close();
  const again = replicating(store, { elsewhere: configured });
  await until(again, async () =>
    expect([await statusOf('k'), await statusOf('l')]).toEqual(['COMPLETED', 'COMPLETED']),
  );
  expect(again.whyAway(there)).toBeUndefined();
  await again.close();
});

test('for longer than a change is tried → FAILED; for a bucket here that is gone → at once', async () => {
  await put('late');
  const without = replicating(store, { elsewhere: taken });
  await until(without, () => expect(without.whyAway(there)).toBeDefined());
  store.nowMs += 25 * hourMs;
  await until(without, async () => expect(await statusOf('late')).toBe('FAILED'));
  const local = await newRuledBucket(store, { name: 'local', destination: { bucket: 'arn:aws:s3:::gone' } });
  await put('k', local);
  await until(without, async () => expect(await statusOf('k', local)).toBe('FAILED'));
  await without.close();
});
