/** When rules act: times → what is due. */
import { expect, test } from 'vitest';
import { dayMs, endOfDays, expiryOf, noncurrentExpiryOf, possiblyDue } from './due.ts';
import type { LifecycleRule } from './rules.ts';

const rule: LifecycleRule = { id: 'rule', isEnabled: true, form: 'filter', filter: { tags: [] } };
const object = { key: 'k', size: 1, tags: [] };
const at = (text: string) => Date.parse(text);

test("the example of AWS's guide → midnight after the day in which the last one ends", () => {
  const sinceMs = at('2014-01-15T10:30:00Z');
  expect(endOfDays({ sinceMs, days: 3 }, dayMs)).toBe(at('2014-01-19T00:00:00Z'));
  expect(endOfDays({ sinceMs: at('2014-01-15T00:00:00Z'), days: 3 }, dayMs)).toBe(at('2014-01-19T00:00:00Z'));
  expect(endOfDays({ sinceMs: 10_999, days: 2 }, 1000)).toBe(13_000);
});

test('several rules → the earliest, of equals the first; one that is off, or is for others, counts for nothing', () => {
  const rules: LifecycleRule[] = [
    { ...rule, id: 'off', isEnabled: false, expiration: { days: 1 } },
    { ...rule, id: 'others', filter: { prefix: 'x', tags: [] }, expiration: { days: 1 } },
    { ...rule, id: 'later', expiration: { dateMs: 9 * dayMs } },
    { ...rule, id: 'first', expiration: { days: 3 } },
    { ...rule, id: 'equal', expiration: { days: 3 } },
  ];
  expect(expiryOf(rules, { ...object, lastModifiedMs: 0 }, dayMs)).toMatchObject({
    rule: { id: 'first' },
    atMs: 4 * dayMs,
  });
});

test('what is due was possibly due, what may not be possibly is not: at the edges of days', () => {
  const nowMs = 100 * dayMs;
  const rules: LifecycleRule[] = [{ ...rule, expiration: { days: 7 }, noncurrentExpiration: { days: 3 } }];
  const { madeBeforeMs } = possiblyDue(rules, { nowMs, dayLengthMs: dayMs });
  for (const sinceMs of [96, 97, 98].flatMap((day) => [day * dayMs - 1, day * dayMs, day * dayMs + 1])) {
    const due = noncurrentExpiryOf(rules, { ...object, sinceMs, newerVersions: 0 }, dayMs);
    expect((due?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs).toBe(sinceMs < madeBeforeMs);
  }
  const dated = [{ ...rule, expiration: { dateMs: nowMs } }];
  expect(possiblyDue(dated, { nowMs: nowMs - 1, dayLengthMs: dayMs })).toEqual({ madeBeforeMs: 0, markers: false });
  expect(possiblyDue(dated, { nowMs, dayLengthMs: dayMs }).madeBeforeMs).toBeGreaterThan(nowMs);
  const ofMarkers = [{ ...rule, expiration: { ofMarkers: true } }];
  expect(possiblyDue(ofMarkers, { nowMs, dayLengthMs: dayMs })).toEqual({ madeBeforeMs: 0, markers: true });
});
