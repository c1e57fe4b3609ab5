/** What the model lets rules have done, and what not, of cases that random runs meet seldom. */
import { expect, test } from 'vitest';
import { judgeVersions, type ListedVersion, type ModelRule, type Passes } from './lifecycle-model.ts';
import type { ModelVersion } from './reference-model.ts';

const dayMs = 100;
/** In the middle of a day, so that nothing lies on an edge. */
const atDay = (day: number) => ({ fromMs: day * dayMs + 50, toMs: day * dayMs + 50 });
const version = (versionId: string, day: number, tag?: string): ModelVersion => ({
  ...{ versionId, content: Buffer.from('x'), etag: '', tag, storageClass: 'STANDARD', made: atDay(day) },
});
const listed = ({ versionId, content, storageClass }: ModelVersion): ListedVersion => ({
  ...{ versionId, isMarker: content === undefined, storageClass },
});
const noncurrent = (days: number, filter: Partial<ModelRule['filter']> = {}): ModelRule => ({
  isEnabled: true,
  filter: { prefix: '', ...filter },
  action: { kind: 'expire noncurrent', days, newer: 0 },
});

/** Of passes from the beginning of a day until its end. */
function outcome(
  day: number,
  rules: readonly ModelRule[],
  versions: { before: ModelVersion[]; after: ModelVersion[] },
) {
  const [fromMs, completeMs, endMs] = [day * dayMs, day * dayMs + 60, day * dayMs + 90];
  const passes: Passes = { rules, dayMs, versioning: 'Enabled', fromMs, completeMs, endMs };
  return () => judgeVersions('k', { before: versions.before, after: versions.after.map(listed), passes });
}

test('a late completion above → what is below counts from when it came, however old its upload is', () => {
  // An upload of day 1 was completed on day 6 above what was made on the days 5 and 3.
  const completed = { ...version('completed', 1), placed: atDay(6) };
  const [above, below] = [version('above', 5), version('below', 3)];
  const before = [completed, above, below];
  expect(outcome(7, [noncurrent(4)], { before, after: [completed] })).toThrow('above is gone and was not due');
  expect(outcome(11, [noncurrent(4)], { before, after: [completed] })).not.toThrow();
  expect(outcome(11, [noncurrent(4)], { before, after: before })).toThrow('is still there');
});

test('what went may have gone after the last complete pass → what is below it need not be gone', () => {
  const [completed, above, below] = [version('completed', 1), version('above', 6, 'a'), version('below', 3, 'b')];
  const before = [completed, above, below];
  const after = [completed, below];
  expect(outcome(7, [noncurrent(4, { tag: 'a' }), noncurrent(3, { tag: 'b' })], { before, after })).not.toThrow();
  // Between two that are there nothing is left open.
  const direct = { before: [completed, below], after: [completed, below] };
  expect(outcome(7, [noncurrent(3)], direct)).toThrow('below is still there, not current for long enough');
});
