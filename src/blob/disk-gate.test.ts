import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { DiskGate, DiskSilent } from './disk-gate.ts';

const LIMIT_MS = 200;
const never = (): Promise<never> => new Promise(() => {});

test('an operation that begins while the timer of earlier ones runs → given up at its own limit, not before', async () => {
  const silences: string[] = [];
  const gate = new DiskGate(LIMIT_MS, (what) => silences.push(what));
  const firstMs = performance.now();
  expect(await gate.run(async () => 1)).toBe(1);
  await eventually(() => expect(performance.now() - firstMs).toBeGreaterThan(LIMIT_MS / 2));
  const begunMs = performance.now();
  await expect(gate.run(never)).rejects.toThrow(DiskSilent);
  expect(performance.now() - begunMs).toBeGreaterThanOrEqual(LIMIT_MS);
  expect(silences).toEqual([`it has not answered an operation within ${LIMIT_MS} ms`]);
});

test('of three under way the oldest hangs → all are given up with those in line, and what ends late is told', async () => {
  const gate = new DiskGate(LIMIT_MS, () => {});
  const late: number[] = [];
  const second = Promise.withResolvers<number>();
  const runs = [
    gate.run(never),
    gate.run(
      () => second.promise,
      (result) => late.push(result),
    ),
    gate.run(never),
    gate.run(async () => 4),
  ];
  const outcomes = await Promise.allSettled(runs);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  expect([gate.isClosed, gate.hasPlace]).toEqual([true, false]);
  await expect(gate.run(async () => 5)).rejects.toThrow(DiskSilent);
  second.resolve(2);
  await eventually(() => expect(late).toEqual([2]));
  gate.open();
  expect(await gate.run(async () => 6)).toBe(6);
});

test('the process stood still past the limit, and the answer is there → nobody is given up', async () => {
  const gate = new DiskGate(LIMIT_MS, () => {});
  const said = new Int32Array(new SharedArrayBuffer(4));
  // It answers before it says so: where that is seen, the answer is there.
  const program = `
    const { parentPort, workerData } = require('node:worker_threads');
    Atomics.wait(workerData, 0, 0);
    parentPort.postMessage('answer');
    Atomics.store(workerData, 0, 2);
  `;
  const thread = new Worker(program, { eval: true, workerData: said });
  onTestFinished(async () => void (await thread.terminate()));
  await once(thread, 'online');
  // Behind what stands still here the loop looks at timers first, and only then at answers.
  const run = await new Promise<{ ended: Promise<unknown> }>((resolve) => {
    setImmediate(() => {
      resolve({ ended: gate.run(() => once(thread, 'message')) });
      const fromMs = performance.now();
      Atomics.store(said, 0, 1);
      Atomics.notify(said, 0);
      while (performance.now() - fromMs < 2 * LIMIT_MS || Atomics.load(said, 0) !== 2);
    });
  });
  await run.ended;
  expect(gate.isClosed).toBe(false);
});
