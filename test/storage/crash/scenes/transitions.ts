import assert from 'node:assert/strict';
import { dayMs } from '../../../../src/engine/lifecycle/due.ts';
import { type LifecycleRule, writeLifecycle } from '../../../../src/engine/lifecycle/rules.ts';
import type { LifecycleFigures } from '../../../../src/engine/lifecycle/types.ts';
import type { Scene, Stage } from '../scene.ts';
import type { System } from '../system.ts';
import {
  complete,
  copy,
  expectContent,
  newUpload,
  prepareStore,
  put,
  putPart,
  remove,
  type Store,
  theBucket,
} from './actions.ts';

const options = { hasSlowDisks: true };
const small = { seed: 'small', size: 3000 };
const large = { seed: 'large', size: 700_000 };
const one = { seed: 'one', size: 5000 };
const two = { seed: 'two', size: 400 };

/** Each object has a rule of its own and moves on a day of its own, so that a step moves one. */
const moves = [
  ['small', 'STANDARD_IA'],
  ['large', 'STANDARD_IA'],
  ['parts', 'STANDARD_IA'],
  ['alike', 'ONEZONE_IA'],
] as const;

async function fill(store: Store): Promise<void> {
  for (const [key, content] of [
    ['small', small],
    ['large', large],
    ['alike', small],
  ] as const) {
    await put(store, key, content);
  }
  const upload = await newUpload(store, 'parts');
  const parts = [await putPart(store, upload, 1, one), await putPart(store, upload, 2, two)];
  await complete(store, upload, parts);
  await copy(store, { from: 'small', to: 'copy' });
  const rules = moves.map(
    ([prefix, storageClass], i): LifecycleRule => ({
      id: prefix,
      isEnabled: true,
      form: 'filter',
      filter: { prefix, tags: [], sizeGreaterThan: 1 },
      transitions: [{ days: i + 1, storageClass }],
    }),
  );
  const configuration = { rules, transitionMinimumSize: 'all_storage_classes_128K' } as const;
  await writeLifecycle(store.engine.buckets, await theBucket(store), configuration);
}

/** Acts on the rules as of so many days after the objects were put. Returns how many it moved. */
async function actOnRules({ engine, clock }: System, days: number): Promise<number> {
  const figures: LifecycleFigures = {
    ...{ lookedAt: 0, expired: 0, noncurrentRemoved: 0, markersRemoved: 0, transitioned: 0, bytesMoved: 0 },
    ...{ uploadsAborted: 0, leftAlone: 0, notMoved: 0 },
  };
  const walk = engine.lifecycle.walk('bucket', {});
  // The day in which an object was put does not count.
  const nowMs = clock.nowMs() + (days + 1) * dayMs;
  while (!(await walk.step({ nowMs, limit: 1000 }, figures)));
  return figures.transitioned;
}

async function moveOne(stage: Stage, days: number): Promise<void> {
  await stage.step(async () => assert.equal(await actOnRules(stage.system, days), 1));
}

export const transitions: Scene = {
  name: 'transitions',
  story:
    'Rules move a small object, a large one and one in parts to a class that is kept as copies on disks of another group, and one ' +
    'to a class that is kept alike; a copy of the first stays. What was left behind is compacted and collected.',
  options,
  prepare: () => prepareStore(options, fill),
  async play(stage) {
    for (const [i] of moves.entries()) await moveOne(stage, i + 1);
    await expectContent(stage, 'small', small);
    await expectContent(stage, 'large', large);
    await expectContent(stage, 'parts', one, two);
    await stage.step(() => stage.system.compact());
    await stage.step(() => stage.system.collectGarbage());
    await expectContent(stage, 'copy', small);
    await stage.step(() => remove(stage, 'large'));
  },
};
