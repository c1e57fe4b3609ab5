/** Drives Intelligent-Tiering on a store whose clock a test moves. */
import { expect, onTestFinished } from 'vitest';
import { endOfDays } from '../../src/engine/lifecycle/due.ts';
import { type TieringConfiguration, tieringConfigurations } from '../../src/engine/tiering/configurations.ts';
import { accessTierOf } from '../../src/engine/tiering/tiers.ts';
import type { ArchiveState, Bucket, Version } from '../../src/engine/types.ts';
import { tierIntelligently } from '../../src/jobs/intelligent-tiering.ts';
import type { Job } from '../../src/jobs/job.ts';
import { jobStateIn } from '../../src/jobs/job-state.ts';
import { bodyOf, EngineStore, plain } from './engine-store.ts';
import { dayMs, runSteps } from './lifecycle-job.ts';

export const tiered = { ...plain, storageClass: 'INTELLIGENT_TIERING' };
export const monitored = Buffer.alloc(128 * 1024, 'x');
export const archiving: TieringConfiguration = {
  id: 'archives',
  isEnabled: true,
  filter: { tags: [] },
  tierings: [
    { tier: 'ARCHIVE_ACCESS', days: 90 },
    { tier: 'DEEP_ARCHIVE_ACCESS', days: 180 },
  ],
};

/** One that is closed with the test, with a bucket. */
export async function openStore(): Promise<{ store: EngineStore; bucket: Bucket }> {
  const store = await EngineStore.open();
  onTestFinished(() => store[Symbol.asyncDispose]());
  return { store, bucket: await store.newBucket() };
}

export function put(store: EngineStore, bucket: Bucket, key: string, content = monitored): Promise<Version> {
  return store.engine.objects.put({ bucket, key, source: bodyOf(content), attributes: tiered });
}

/** Reads it as a request does. */
export async function access({ engine }: EngineStore, bucket: Bucket, key: string): Promise<void> {
  const version = await engine.objects.find(bucket, key);
  expect(['readable', 'restored']).toContain(engine.archives.stateOf(version).kind);
  engine.tiering.noteAccess(version);
}

export async function tierOf(store: EngineStore, bucket: Bucket, key: string): Promise<string> {
  const { size, lastModifiedMs, attributes } = await store.engine.objects.find(bucket, key);
  const time = { nowMs: store.nowMs, dayLengthMs: dayMs };
  return accessTierOf({ size, lastModifiedMs, tiering: attributes.tiering }, time);
}

export async function stateOf({ engine }: EngineStore, bucket: Bucket, key: string): Promise<ArchiveState> {
  return engine.archives.stateOf(await engine.objects.find(bucket, key));
}

export function optIn(
  { engine }: EngineStore,
  bucket: Bucket,
  ...configurations: TieringConfiguration[]
): Promise<void> {
  return tieringConfigurations.change(engine.buckets, bucket, () => configurations);
}

export function passDays(store: EngineStore, days: number, sinceMs = store.nowMs): void {
  store.nowMs = endOfDays({ sinceMs, days }, dayMs);
}

/** The job as the server has it, going on where the last one of the store was. */
export function tieringJob(store: EngineStore, changesPerSecond = 1000): Job {
  return tierIntelligently({
    tiering: store.engine.tiering,
    clock: store.clock,
    state: jobStateIn(store.index, 'intelligent-tiering'),
    dayLengthMs: dayMs,
    looksPerSecond: 100_000,
    changesPerSecond,
  });
}

/** One pass at the time it is; returns what it did. */
export async function runPass(store: EngineStore): Promise<ReturnType<Job['status']>> {
  const job = tieringJob(store);
  job.begin?.();
  await runSteps(store, job);
  return job.status();
}
