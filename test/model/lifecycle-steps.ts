/** A lifecycle rule is set, acts until nothing is due any more, and is removed: on the server and on the model. */
import { expect } from 'vitest';
import { lifecycleActions } from '../support/s3-operations.ts';
import { type LifecycleStep, prefixes } from './steps.ts';
import type { World } from './world.ts';

/** Days have a fiftieth of a second in these runs; so long after a rule was set, all there was is due. */
const dueAfterMs = 45;

export async function performLifecycleStep(
  world: World,
  { bucket: index, prefix: at, rule }: LifecycleStep,
): Promise<void> {
  // With all three disks away no change is made: the rule could not even be removed again.
  if (world.disks.awayCount === 3) return;
  const bucket = world.bucketName(index);
  const prefix = prefixes[at] ?? '';
  const model = world.model(bucket);
  const set = await world.write(() => world.s3.setLifecycle(bucket, prefix, lifecycleActions[rule]));
  expect(set?.code).toBe('');
  const setMs = Date.now();
  await world.runUntil('lifecycle', ({ passStartedMs, ...figures }) => {
    const changes = ['expired', 'noncurrentRemoved', 'markersRemoved', 'uploadsAborted'];
    return Number(passStartedMs) > setMs + dueAfterMs && changes.every((figure) => figures[figure] === 0);
  });
  const removed = await world.write(() => world.s3.deleteLifecycle(bucket));
  expect(removed?.status).toBe(204);
  const listed = await world.s3.list('versions', { bucket, prefix, delimiter: '', pageSize: 1000 });
  model.letRuleAct(rule, prefix, (key) => markerIn(listed, key));
}

/** The id of the delete marker that hides a key; a listing of versions has a line for each. */
function markerIn(lines: readonly string[], key: string): string | undefined {
  const line = lines.find((text) => text.startsWith(`${key} `) && text.endsWith(' marker latest'));
  return line?.slice(key.length + 1).split(' ')[0];
}
