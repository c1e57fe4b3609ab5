/** Drives the job that acts on lifecycle rules, on a store whose clock a test moves. */

import type { Expiration, LifecycleRule } from '../../src/engine/lifecycle/rules.ts';
import { writeLifecycle } from '../../src/engine/lifecycle/rules.ts';
import type { Lifecycle } from '../../src/engine/lifecycle/types.ts';
import type { Bucket } from '../../src/engine/types.ts';
import type { Job } from '../../src/jobs/job.ts';
import { jobStateIn } from '../../src/jobs/job-state.ts';
import { actOnLifecycle } from '../../src/jobs/lifecycle.ts';
import type { EngineStore } from './engine-store.ts';

export const dayMs = 86_400_000;

/** A rule for all objects, with what a test wants to be different. */
export function ruleWith(different: Partial<LifecycleRule>): LifecycleRule {
  return { id: 'rule', isEnabled: true, form: 'filter', filter: { tags: [] }, ...different };
}

export function expiring(expiration: Expiration, different: Partial<LifecycleRule> = {}): LifecycleRule {
  return ruleWith({ expiration, ...different });
}

export function setRules(store: EngineStore, bucket: Bucket, rules: readonly LifecycleRule[]): Promise<void> {
  const configuration = { rules, transitionMinimumSize: 'all_storage_classes_128K' } as const;
  return writeLifecycle(store.engine.buckets, bucket, configuration);
}

/** The job as the server has it, going on where the last one of the store was. */
export function lifecycleJob(store: EngineStore, lifecycle: Lifecycle = store.engine.lifecycle): Job {
  return actOnLifecycle({
    lifecycle,
    clock: store.clock,
    state: jobStateIn(store.index, 'lifecycle'),
    dayLengthMs: dayMs,
    looksPerSecond: 100_000,
    changesPerSecond: 1000,
    bytesPerSecond: 64 * 1024 * 1024,
  });
}

/** Runs steps until the job has nothing more to do, or so many; moves the clock to when it may go on. */
export async function runSteps(store: EngineStore, job: Job, max = Number.POSITIVE_INFINITY): Promise<void> {
  for (let steps = 0; steps < max; steps++) {
    const outcome = await job.step();
    if (outcome === 'idle') return;
    if (typeof outcome === 'object') store.nowMs = Math.max(store.nowMs, Math.ceil(outcome.notBeforeMs));
  }
}

/** One pass at the time it is; returns what it did. */
export async function runPass(store: EngineStore, lifecycle?: Lifecycle): Promise<ReturnType<Job['status']>> {
  const job = lifecycleJob(store, lifecycle);
  job.begin?.();
  await runSteps(store, job);
  return job.status();
}
