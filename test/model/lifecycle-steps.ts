/** Lifecycle rules are put, act until nothing is due any more, and are removed. The model judges what has become of the bucket. */
import { expect } from 'vitest';
import { killIn } from '../support/crash-runs.ts';
import {
  judgeUploads,
  judgeVersions,
  type ListedVersion,
  type ModelAction,
  type ModelRule,
  type Passes,
} from '../support/lifecycle-model.ts';
import type { ReferenceModel } from '../support/reference-model.ts';
import type { Span } from '../support/span.ts';
import { type Age, type DrawnAction, type DrawnRule, type LifecycleStep, prefixes } from './steps.ts';
import { dayMs, pickFrom, type World } from './world.ts';

/** For data that is kept for long S3 takes no fewer days. */
const infrequentDaysMin = 30;
/** What a pass does or could not do. */
const figures = [
  'expired',
  'noncurrentRemoved',
  'markersRemoved',
  'transitioned',
  'uploadsAborted',
  'leftAlone',
  'notMoved',
] as const;

export async function performLifecycleStep(world: World, step: LifecycleStep): Promise<void> {
  // With all three disks away no change is made: the rules could not even be removed again.
  if (world.disks.awayCount === 3) return;
  const bucket = world.bucketName(step.bucket);
  const model = world.model(bucket);
  const rules = step.rules.map((rule) => resolve(model, rule));
  const fromMs = Date.now();
  const set = await world.write(() => world.s3.setLifecycle(bucket, rules));
  expect(set?.code).toBe('');
  const setMs = Date.now();
  if (step.killAfterMs !== null) {
    await world.runJob('lifecycle');
    await killIn(step.killAfterMs, world.daemon);
    await world.start();
  }
  const { passStartedMs } = await world.runUntil('lifecycle', (details) => {
    const isNew = details['pass'] === 'done' && Number(details['passStartedMs']) > setMs;
    return isNew && figures.every((figure) => details[figure] === 0);
  });
  const removed = await world.write(() => world.s3.deleteLifecycle(bucket));
  expect(removed?.status).toBe(204);
  // What was under way has come to its end.
  await world.runUntil('lifecycle', () => true);
  const { versioning } = model;
  const times = { fromMs, completeMs: Number(passStartedMs), endMs: Date.now() };
  await judge(world, bucket, { rules, dayMs, versioning, ...times });
}

async function judge(world: World, bucket: string, passes: Passes): Promise<void> {
  const model = world.model(bucket);
  const query = { bucket, prefix: '', delimiter: '', pageSize: 1000 };
  const uploads = await world.s3.list('uploads', query);
  const left = new Set(uploads.map((line) => line.slice(line.lastIndexOf(' ') + 1)));
  judgeUploads(model.uploads, { left, passes });
  for (const id of model.uploads.keys()) if (!left.has(id)) model.uploads.delete(id);
  const lines = Map.groupBy((await world.s3.list('versions', query)).map(readLine), ({ key }) => key);
  for (const key of new Set([...model.keys.keys(), ...lines.keys()])) {
    const before = model.keys.get(key) ?? [];
    const now = judgeVersions(key, { before, after: lines.get(key) ?? [], passes });
    if (now.length > 0) model.keys.set(key, now);
    else model.keys.delete(key);
  }
}

/** Back from a line of the listing: `KEY ID marker latest`, `KEY ID N bytes ETAG CLASS`. Keys have spaces. */
function readLine(line: string): ListedVersion & { key: string } {
  const found = /^(?<key>.*) (?<id>\S+) (?:marker|\d+ bytes \S+ (?<storageClass>\S+))(?: latest)?$/s.exec(line)?.groups;
  if (found === undefined) throw new Error(`${line} is no line of a listing`);
  const { key = '', id = '', storageClass } = found;
  return { key, versionId: id, isMarker: storageClass === undefined, storageClass: storageClass ?? '' };
}

/** With the days and the tag that a rule has in the bucket as it is. */
function resolve(model: ReferenceModel, { isEnabled, prefix, only, pick, action }: DrawnRule): ModelRule {
  const filter = { prefix: prefixes[prefix] ?? '', ...(mayLookClosely(action) && lookedAt(model, only, pick)) };
  return { isEnabled, filter, action: resolveAction(model, action) };
}

/** Neither markers nor uploads have tags or sizes. */
function mayLookClosely({ kind }: DrawnAction): boolean {
  return kind !== 'expire markers' && kind !== 'abort uploads';
}

function lookedAt(model: ReferenceModel, only: DrawnRule['only'], pick: number) {
  if (only === 'all') return {};
  if (only !== 'tag') return only;
  return { tag: pickFrom(tagsIn(model), pick) ?? 'nobody has it' };
}

function tagsIn(model: ReferenceModel): string[] {
  return model.allVersions().flatMap(({ version }) => version.tag ?? []);
}

function resolveAction(model: ReferenceModel, action: DrawnAction): ModelAction {
  if (!('age' in action)) return action;
  const { age, ...rest } = action;
  const isForUploads = action.kind === 'abort uploads';
  const made = isForUploads
    ? [...model.uploads.values()].map((upload) => upload.made)
    : model.allVersions().map(({ version }) => version.made);
  const daysMin = 'to' in action && action.to === 'STANDARD_IA' ? infrequentDaysMin : 1;
  return { ...rest, days: Math.max(daysMin, daysOf(made, age)) };
}

/** About as many as one of them is old by now. */
function daysOf(made: readonly Span[], { pick, more }: Age): number {
  const sinceMs = pickFrom(made, pick)?.fromMs ?? Date.now();
  return Math.floor((Date.now() - sinceMs) / dayMs) + more;
}
