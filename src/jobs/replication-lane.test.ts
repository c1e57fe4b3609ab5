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
      return { outcome: outcomeOf(key) };
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

test('a change that the destination breaks off at → it alone waits, and the others go on', async () => {
  const { lane, after } = laneTo((key) => (key === 'key-0' ? 'away' : 'settled'));
  lane.add(entries(keys));
  const tried = await after(3000, 300);
  expect(new Set(tried)).toEqual(new Set(keys));
  const times = (await after(600_000, 6000)).length;
  expect(times).toBeLessThan(60);
});
