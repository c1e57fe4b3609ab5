/** When storage classes are analysed, of which age objects are then, and what is left of what was counted after a restart. */
import { expect, test } from 'vitest';
import { analyticsConfigurations } from '../../src/engine/analytics/configurations.ts';
import { decodeDays } from '../../src/engine/analytics/days.ts';
import type { Bucket, Version } from '../../src/engine/types.ts';
import { analyse } from '../../src/jobs/analytics.ts';
import type { Job } from '../../src/jobs/job.ts';
import { jobStateIn } from '../../src/jobs/job-state.ts';
import { createLog } from '../../src/lib/log.ts';
import { EngineStore } from '../support/engine-store.ts';
import { dayMs, runSteps } from '../support/lifecycle-job.ts';

const large = Buffer.alloc(128 * 1024);
const configuration = { id: 'all', filter: { tags: [] } };

function job(store: EngineStore): Job {
  const { analytics, watches } = store.engine;
  return analyse({
    ...{ analytics, watches, clock: store.clock, dayLengthMs: dayMs },
    check: async () => undefined,
    log: createLog('silent'),
    state: jobStateIn(store.index, 'analytics'),
    accessState: jobStateIn(store.index, 'analytics-accesses'),
  });
}

function read(store: EngineStore, version: Version): void {
  const access = { version, kind: 'download', bytes: version.size, nowMs: store.nowMs } as const;
  store.engine.analytics.accesses.note([configuration], access);
}

const days = async (store: EngineStore, bucket: Bucket) =>
  decodeDays(await store.engine.buckets.getConfig(bucket, 'analytics-days/all')).map(({ cells }) => cells['STANDARD']);

async function configured(): Promise<{ store: EngineStore; bucket: Bucket }> {
  const store = await EngineStore.open();
  const bucket = await store.newBucket();
  await analyticsConfigurations.change(store.engine.buckets, bucket, () => [configuration]);
  await store.engine.watches.reload(bucket);
  return { store, bucket };
}

test('objects of two ages, read on two days → in their groups as they are then; one day a day', async () => {
  const { store, bucket } = await configured();
  await using _ = store;
  const old = await store.put(bucket, 'old', large);
  store.nowMs += 29 * dayMs;
  await store.put(bucket, 'young', large);
  read(store, old);
  const working = job(store);
  await runSteps(store, working);
  await runSteps(store, working);
  store.nowMs += dayMs;
  read(store, old);
  await runSteps(store, working);
  const cell = { objects: 1, storedBytes: large.length, uploadedBytes: 0, retrievedBytes: 0, gets: 0 };
  const cellRead = { ...cell, retrievedBytes: large.length, gets: 1 };
  const found = await days(store, bucket);
  expect(found.map((day) => day?.slice(0, 3))).toEqual([
    [cell, cellRead, null],
    [cell, null, cellRead],
  ]);
});

test('stopped before the day was summed up → what was saved is part of it; deleted → its days are gone', async () => {
  const { store, bucket } = await configured();
  await using _ = store;
  const version = await store.put(bucket, 'k', large);
  await runSteps(store, job(store));
  read(store, version);
  store.nowMs += 60_000;
  await runSteps(store, job(store));
  await store.reopen();
  await store.engine.watches.load();
  store.nowMs += dayMs;
  await runSteps(store, job(store));
  expect((await days(store, bucket)).map((day) => day?.[0]?.gets)).toEqual([0, 1]);
  await store.engine.analytics.forget(bucket, 'all');
  expect(await days(store, bucket)).toEqual([]);
});
