/** How long a start takes. It is measured alone: on a busy machine it would say little. */
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { StoredObjects } from '../support/stored-objects.ts';

/** From the start of the process to the line that says it is ready. */
const readyLimitMs = 1500;

function readyMs(daemon: Daemon): number {
  return Number(/is ready after (\d+) ms/.exec(daemon.output)?.[1]);
}

test('first start, and starts on data → ready within 1.5 s of the process start', async () => {
  await using daemon = await startDaemon();
  const first = readyMs(daemon);
  const objects = new StoredObjects(daemon.client, await daemon.newBucket());
  for (let i = 0; i < 20; i++) await objects.put(`key ${i}`, i * 1000);
  await daemon.kill9();
  await daemon.start();
  const afterKill = readyMs(daemon);
  await daemon.restart();
  const times = [first, afterKill, readyMs(daemon)];
  console.log(`ready after ${times.join(', ')} ms: first start, after a kill, after a stop`);
  expect(Math.max(...times)).toBeLessThan(readyLimitMs);
  await objects.expectRight();
});
