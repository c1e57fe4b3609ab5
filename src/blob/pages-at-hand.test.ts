import { expect, test } from 'vitest';
import { PagesAtHand } from './pages-at-hand.ts';
import { SCHEMES } from './scheme.ts';
import { Segment } from './segments.ts';

const MINUTE_MS = 60_000;
const PAGE = 4096;

const scheme = SCHEMES['6+3'];
const segment = (): Segment =>
  new Segment({ id: 'a'.repeat(32), scheme, group: 'default' }, new Array<undefined>(9).fill(undefined), false);

test('some shards of some bytes were noted → their pages are known, of these shards and this segment alone', () => {
  const pages = new PagesAtHand(1024 * PAGE);
  const one = segment();
  pages.add({ segment: one, shards: 0b101, range: { start: PAGE + 100, end: 2 * PAGE + 1 } }, 0);
  const knows = (start: number, end: number, shards = 0b101, of = one) =>
    pages.has({ segment: of, shards, range: { start, end } }, 0);
  expect(knows(PAGE, 3 * PAGE)).toBe(true);
  expect(knows(PAGE, 3 * PAGE, 0b100)).toBe(true);
  expect(knows(PAGE, 3 * PAGE, 0b111)).toBe(false);
  expect(knows(PAGE - 1, 2 * PAGE)).toBe(false);
  expect(knows(PAGE, 3 * PAGE + 1)).toBe(false);
  expect(knows(PAGE, 3 * PAGE, 0b101, segment())).toBe(false);
});

test('time passes → what is used is kept, what is not is forgotten', () => {
  const pages = new PagesAtHand(1024 * PAGE);
  const [used, unused] = [0, 1].map((page) => ({
    segment: segment(),
    shards: 1,
    range: { start: page * PAGE, end: (page + 1) * PAGE },
  }));
  if (!used || !unused) throw new Error('there are two places');
  for (const place of [used, unused]) pages.add(place, 0);
  for (let minute = 1; minute < 6; minute++) expect(pages.has(used, minute * 0.9 * MINUTE_MS)).toBe(true);
  expect(pages.has(unused, 6 * 0.9 * MINUTE_MS)).toBe(false);
  expect(pages.has(used, 60 * MINUTE_MS)).toBe(false);
});

test('more than it may know of → what was used last', () => {
  const pages = new PagesAtHand(100 * 9 * PAGE);
  const one = segment();
  const place = (page: number) => ({
    segment: one,
    shards: 511,
    range: { start: page * PAGE, end: (page + 1) * PAGE },
  });
  for (let page = 0; page < 1000; page++) pages.add(place(page), 0);
  const known = Array.from({ length: 1000 }, (_, page) => pages.has(place(page), 0));
  expect(known.slice(900)).not.toContain(false);
  expect(known.slice(0, 799)).not.toContain(true);
});

test('it may know of nothing → it knows of nothing', () => {
  const pages = new PagesAtHand(0);
  const place = { segment: segment(), shards: 1, range: { start: 0, end: 1 } };
  pages.add(place, 0);
  expect(pages.has(place, 0)).toBe(false);
});
