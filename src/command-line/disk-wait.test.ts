/** Waiting for what a change of disks has a server do: how that goes → what is said, exit code. */
import { expect, test } from 'vitest';
import type { JobDescription } from '../admin/status-schema.ts';
import { waitForDisks } from './disk-wait.ts';

function job(name: string, details: Record<string, number>, different: Partial<JobDescription> = {}): JobDescription {
  return {
    name,
    state: 'waiting',
    steps: 1,
    nextRunMs: 0,
    failures: 0,
    runsAsked: 0,
    runsDone: 0,
    details,
    ...different,
  };
}

/** Shows these states one after another, the last one for ever; time goes on by the pauses alone. */
async function wait(...states: readonly (readonly JobDescription[])[]) {
  let nowMs = 0;
  const [said, complained]: [string[], string[]] = [[], []];
  const left = [...states];
  const code = await waitForDisks({
    look: async () => (left.length > 1 ? left.shift() : left[0]) ?? [],
    clock: { nowMs: () => nowMs },
    pause: async (ms) => {
      nowMs += ms;
    },
    print: (text) => said.push(text),
    complain: (text) => complained.push(text),
  });
  return { code, said, complained, nowMs };
}

const mib = 1024 * 1024;

test('shards are moved and segments mended → what is left, the rate and the estimate; 0 at the end', async () => {
  const repaired = job('repair', { degradedSegments: 0, leftBytes: 0, ioBytes: 5 });
  const moving = (misplacedShards: number, details: Record<string, number>) => [
    job('rebalance', { misplacedShards, ...details }),
    repaired,
    job('compact', { waitingForDisks: 9 }, { state: 'paused' }),
  ];
  const states = Array.from({ length: 12 }, (_, i) =>
    moving(12 - i, { leftBytes: (12 - i) * mib, ioBytes: 2 * i * mib, secondsLeft: 12 - i }),
  );
  expect(await wait(...states, moving(0, { leftBytes: 0 }))).toEqual({
    code: 0,
    said: [
      '12 shards to move, 12.0 MiB; about 12 seconds left',
      '2 shards to move, 2.00 MiB; 4.00 MiB/s read and written; about 2 seconds left',
      'Done after 6 seconds.',
    ],
    complained: [],
    nowMs: 6000,
  });
});

test('nothing to do → done at once', async () => {
  expect(await wait([job('rebalance', { misplacedShards: 0 })])).toMatchObject({ code: 0, nowMs: 0 });
});

test('the work is paused → said, 1', async () => {
  const { code, complained } = await wait([job('rebalance', { misplacedShards: 3 }, { state: 'paused' })]);
  expect({ code, complained }).toEqual({
    code: 1,
    complained: ['The background work is paused: resume rebalance. What is left: 3 shards to move.'],
  });
});

test('nothing happens for half a minute → why, as far as is known, 1', async () => {
  const { code, complained, nowMs } = await wait([
    job('rebalance', { misplacedShards: 3, waitingForDisks: 2 }),
    job('repair', { degradedSegments: 1, failedSegments: 1 }, { failures: 1, lastError: 'EIO' }),
  ]);
  expect({ code, nowMs }).toEqual({ code: 1, nowMs: 30_000 });
  expect(complained.join()).toMatch(
    /^Nothing has moved for 30 seconds \(2 segments have .*; 1 segments failed .*; the last error was: EIO\)\. .* What is left: 3 shards to move, 1 segments to mend\.$/,
  );
});
