import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Baseline, compare, ratiosOf, readBaseline, writeBaseline } from '../../bench/report/baseline.ts';
import { type Figure, isMet } from '../../bench/report/figure.ts';
import { median, percentile, sortedTogether } from '../../bench/report/statistics.ts';
import { regressionsText, tableText } from '../../bench/report/table.ts';
import { isChosen } from '../../bench/run.ts';

const speed = (name: string, ratio: number): Figure => ({
  name,
  title: `work ${name}`,
  measured: { value: 1234.5, unit: 'per s' },
  limit: { value: 2000, unit: 'per s', what: 'a loop' },
  ratio,
  aim: { ratio: 0.5 },
});
const cost = (name: string, ratio: number): Figure => ({ ...speed(name, ratio), aim: { ratio: 1.3, isMost: true } });
const baseline = (ratios: Record<string, number>): Baseline => ({ date: '2026-11-26', machine: 'm', ratios });

describe('statistics', () => {
  test('median of an odd and an even number of values', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test('percentiles of parts put together', () => {
    const sorted = sortedTogether([Float64Array.of(9, 1, 5), Float64Array.of(3, 7)]);
    expect([...sorted]).toEqual([1, 3, 5, 7, 9]);
    expect(percentile(sorted, 0.5)).toBe(5);
    expect(percentile(sorted, 0.99)).toBe(9);
    expect(percentile(new Float64Array(), 0.5)).toBeNaN();
  });
});

describe('an aim', () => {
  test('of at least → met from there on; of at most → met up to there; none → neither', () => {
    expect([isMet(speed('a', 0.5)), isMet(speed('a', 0.49))]).toEqual([true, false]);
    expect([isMet(cost('a', 1.3)), isMet(cost('a', 1.31))]).toEqual([true, false]);
    expect(isMet({ name: 'a', title: 'a', measured: { value: 1, unit: 'ms' }, ratio: 1 })).toBeUndefined();
  });
});

describe('the comparison with the baseline', () => {
  test('a speed lower, or a cost higher, by more than a tenth → named; by less, or better → not', () => {
    const before = baseline({ slow: 1, near: 1, fast: 1, dear: 1, close: 1, cheap: 1 });
    const figures = [
      speed('slow', 0.89),
      speed('near', 0.91),
      speed('fast', 2),
      cost('dear', 1.11),
      cost('close', 1.09),
      cost('cheap', 0.5),
    ];
    expect(compare(figures, before).map(({ name }) => name)).toEqual(['slow', 'dear']);
  });

  test('a work that the baseline does not know, or that has no ratio → not named', () => {
    const { ratio: _, ...withoutRatio } = speed('a', 1);
    expect(compare([speed('new', 0.01), withoutRatio], baseline({ a: 1, gone: 1 }))).toEqual([]);
  });

  test('saved and read → the same ratios; those of works not measured now stay', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ninefold-baseline-'));
    try {
      const path = join(folder, 'baseline.json');
      const now = baseline(ratiosOf([speed('b', 0.123456), speed('b', Number.NaN)]));
      writeBaseline(path, { now, before: baseline({ a: 2, b: 5 }) });
      expect(readBaseline(path)).toEqual(baseline({ a: 2, b: 0.123 }));
      expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('the table shows figure, limit, ratio, aim and whether it is met', () => {
  const [, first = '', second = ''] = tableText([speed('a', 0.61), cost('b', 1.5)]).split('\n');
  expect(first).toMatch(/^work a +1,235 \/s +2,000 \/s +a loop +0\.61 +≥ 0\.50 +met$/);
  expect(second).toMatch(/^work b .* 1\.50 +≤ 1\.30 +missed$/);
});

test('what got worse is shown with its ratio now and before', () => {
  const [regression] = compare([speed('a', 0.4)], baseline({ a: 0.8 }));
  expect(regressionsText(regression === undefined ? [] : [regression])).toContain('a (work a): 0.40, before 0.80');
});

test('works are chosen by name, or by its beginning up to a dash', () => {
  expect(isChosen('put-4k-1', [])).toBe(true);
  expect(isChosen('put-4k-1', ['get', 'put-4k'])).toBe(true);
  expect(isChosen('put-4k-32', ['put-4k-3'])).toBe(false);
});
