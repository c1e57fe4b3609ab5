import { expect, test } from 'vitest';
import type { ReplicationEntry } from '../engine/replication/types.ts';
import { type Attempt, ReplicationLane } from './replication-lane.ts';

const underWayMax = 4;

/** A lane whose attempts come to what `outcomeOf` says, and the keys that were tried. */
function laneTo(outcomeOf: (key: string) => Attempt['outcome']) {
  const tried: string[] = [];
  const clock = { now: 1, nowMs: () => clock.now };
  const lane = new ReplicationLane({
    ...{ destination: 'there', clock, underWayMax, signal: new AbortController().signal },
    mayBegin: () => true,
    async attempt({ key }) {
      tried.push(key);
      const outcome = outcomeOf(key);
      return outcome === 'unfinished' ? { outcome, afterMs: 10_000 } : { outcome };
    },
  });
  /** What was tried in a time, step by step. */
  const after = async (ms: number, steps = 1): Promise<readonly string[]> => {
    tried.splice(0);
    for (let step = 0; step < steps; step++) {
      clock.now += ms / steps;
      lane.pump();
      await lane.quiet();
    }
    return [...tried];
  };
  return { lane, after };
}

const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`);
const entries = (names: readonly string[]) =>
  names.map((key, i) => ({ sequence: i + 1, bucketId: 1, key }) as ReplicationEntry);

test('a destination that is away → few attempts however much waits; back again → all of it at once', async () => {
  let isAway = true;
  const { lane, after } = laneTo(() => (isAway ? 'away' : 'settled'));
  lane.add(entries(keys));
  expect(await after(0)).toHaveLength(underWayMax);
  expect(await after(0)).toHaveLength(0);
  const inAnHour = await after(3_600_000, 36_000);
  expect(inAnHour.length).toBeGreaterThan(200);
  expect(inAnHour.length).toBeLessThan(260);
  isAway = false;
  const back = await after(15_000, 300);
  expect(new Set(back)).toEqual(new Set(keys));
});

test('one key that waits alone for a destination that is away → is tried as often', async () => {
  let isAway = true;
  const { lane, after } = laneTo(() => (isAway ? 'away' : 'settled'));
  lane.add(entries(['key']));
  await after(3_600_000, 36_000);
  isAway = false;
  expect(await after(15_000, 300)).toEqual(['key']);
});

test('a look that waits → it alone is gone on with when it asked to be; changes of the key, also those that were passed by, do not wait for it', async () => {
  let isAtRest = false;
  const sequences: number[] = [];
  const { lane, after } = laneTo((key) => (key === 'look' && !isAtRest ? 'unfinished' : 'settled'));
  const entry = (sequence: number, key: string, more: Partial<ReplicationEntry> = {}) =>
    ({ sequence, bucketId: 1, key, ...more }) as ReplicationEntry;
  const looks = [1, 2].map((sequence) => entry(sequence, 'look', { look: {} }));
  lane.add([...looks, entry(3, 'key')]);
  expect(await after(0)).toEqual(['look', 'key']);
  lane.add([entry(4, 'look', { look: {} }), entry(5, 'key')]);
  expect(await after(9999)).toEqual(['key']);
  isAtRest = true;
  expect(await after(1)).toEqual(['look']);
  const waiting = [2, 4].map((sequence) => entry(sequence, 'look', { look: {} }));
  await lane.refill(async ({ after: from, limit }) => {
    sequences.push(from);
    return [...waiting, entry(6, 'look')].filter(({ sequence }) => sequence > from).slice(0, limit);
  });
  expect([...lane.held()]).toEqual(waiting);
  expect(sequences).toEqual([1]);
});

test('a look that waits while the destination is away → does not say that it is back', async () => {
  const { lane, after } = laneTo((key) => (key.startsWith('look') ? 'unfinished' : 'away'));
  lane.add([{ sequence: 1, bucketId: 1, key: 'look', look: {} } as ReplicationEntry, ...entries(keys.slice(0, 20))]);
  const inAnHour = await after(3_600_000, 36_000);
  expect(inAnHour.filter((key) => !key.startsWith('look')).length).toBeLessThan(260);
});

test('a change that the destination breaks off at → it alone waits, and the others go on', async () => {
  const { lane, after } = laneTo((key) => (key === 'key-0' ? 'away' : 'settled'));
  lane.add(entries(keys));
  const tried = await after(3000, 300);
  expect(new Set(tried)).toEqual(new Set(keys));
  const times = (await after(600_000, 6000)).length;
  expect(times).toBeLessThan(60);
});
