import { expect, test } from 'vitest';
import type { AccessLogs } from '../engine/access-log/types.ts';
import { DeliveryRefused } from '../engine/inventory/types.ts';
import type { LogGroup } from '../engine/types.ts';
import { deliverAccessLogs } from './access-logs.ts';

const intervalMs = 60_000;
const objectBytesMax = 1000;
const group = (bucketId: number, different: Partial<LogGroup> = {}): LogGroup => ({
  ...{ bucketId, day: 0, oldestMs: 0, lines: 10, size: 100 },
  ...different,
});

/** Logs of which each delivery takes a group whole. */
function stage(groups: LogGroup[]) {
  const stage = { groups, delivered: [] as number[], refusing: new Set<number>(), flushes: 0, nowMs: 0, lost: 0 };
  const told: string[] = [];
  const take = (taken: LogGroup) => {
    stage.groups = stage.groups.filter((one) => one !== taken);
    return { lines: taken.lines, source: 'bucket' };
  };
  const accessLogs: AccessLogs = {
    isOn: true,
    get lost() {
      return stage.lost;
    },
    open: async () => {},
    configure: async () => {},
    note: () => {},
    flush: async () => void stage.flushes++,
    groups: async () => stage.groups,
    async deliver(one) {
      if (stage.refusing.has(one.bucketId)) throw new DeliveryRefused('it says no');
      stage.delivered.push(one.bucketId);
      return take(one);
    },
    giveUp: async (one) => take(one),
    close: async () => {},
  };
  const tell = (_: object, text: string) => void told.push(text);
  const job = deliverAccessLogs({
    ...{ accessLogs, clock: { nowMs: () => stage.nowMs }, intervalMs, objectBytesMax, keepForMs: 10 * intervalMs },
    log: { warn: tell, error: tell },
    place: async () => Promise.reject(new Error('not asked')),
    accountOf: () => undefined,
  });
  const run = async () => {
    while ((await job.step()) === 'busy');
  };
  return { stage, told, job, run };
}

test('lines that have waited for the interval, or are enough → delivered; others wait', async () => {
  const { stage: logs, run } = stage([group(1), group(2, { oldestMs: 1 }), group(3, { oldestMs: 50_000, size: 1000 })]);
  logs.nowMs = intervalMs;
  await run();
  expect(logs.delivered).toEqual([1, 3]);
  logs.nowMs = intervalMs + 1;
  await run();
  expect(logs.delivered).toEqual([1, 3, 2]);
});

test('asked for → what is in memory is kept first, and all that waits is delivered', async () => {
  const { stage: logs, job, run } = stage([group(1), group(2)]);
  await run();
  expect([logs.delivered, logs.flushes]).toEqual([[], 0]);
  job.begin?.();
  await run();
  expect([logs.delivered, logs.flushes]).toEqual([[1, 2], 1]);
});

test('a target that refuses → its lines wait, others go on; tried again after the interval, told once, and delivered when it takes them', async () => {
  const { stage: logs, told, job, run } = stage([group(1), group(2)]);
  logs.refusing.add(1);
  job.begin?.();
  await run();
  expect(logs.delivered).toEqual([2]);
  expect(job.status()).toMatchObject({ lastRefusal: 'it says no', deliveredLines: 10, waitingLines: 10 });
  logs.nowMs += intervalMs;
  await run();
  expect(told).toEqual(['An access log may not be written, and waits']);
  logs.refusing.clear();
  await run();
  expect(logs.delivered).toEqual([2]);
  logs.nowMs += intervalMs;
  await run();
  expect(logs.delivered).toEqual([2, 1]);
  expect(job.status()).not.toHaveProperty('lastRefusal');
});

test('lines that nobody has taken for too long → given up, and said', async () => {
  const { stage: logs, told, job, run } = stage([group(1)]);
  logs.refusing.add(1);
  logs.nowMs = 10 * intervalMs;
  await run();
  expect(logs.groups).toEqual([]);
  expect(job.status()).toMatchObject({ linesGivenUp: 10, deliveredLines: 0 });
  expect(told).toEqual(['Lines of an access log were given up, as nobody takes them']);
});

test('lines that found no place → said once, with how many', async () => {
  const { stage: logs, told, job, run } = stage([]);
  logs.lost = 3;
  await run();
  await run();
  expect(told).toHaveLength(1);
  expect(job.status()).toMatchObject({ linesLost: 3 });
});
