/** How long a start takes. It is measured alone: on a busy machine it would say little. */
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readyMs } from '../support/crash-runs.ts';
import { startDaemon } from '../support/daemon.ts';
import { spawnNode } from '../support/node-process.ts';
import { StoredObjects } from '../support/stored-objects.ts';

/** From the start of the process to the line that says it is ready. */
const readyLimitMs = 1500;
/** On a machine that takes long for anything, as many times what it takes for a process that does nothing. */
const readyLimitFactor = 30;

async function emptyProcessMs(): Promise<number> {
  const fromMs = performance.now();
  await once(spawnNode(['-e', '0'], {}), 'exit');
  return performance.now() - fromMs;
}

test('first start, and starts on data → ready within 1.5 s of the process start', async () => {
  await using daemon = await startDaemon();
  const times = { first: readyMs(daemon), afterKill: 0, afterStop: 0, withoutItsIndex: 0 };
  const objects = new StoredObjects(daemon.client, await daemon.newBucket());
  for (let i = 0; i < 20; i++) await objects.put(`key ${i}`, i * 1000);
  await daemon.kill9();
  await daemon.start();
  times.afterKill = readyMs(daemon);
  await daemon.restart();
  times.afterStop = readyMs(daemon);
  await daemon.kill9();
  await rm(join(daemon.dataDirectory, 'zone-a', 'index'), { recursive: true });
  await daemon.start();
  times.withoutItsIndex = readyMs(daemon);
  const emptyMs = await emptyProcessMs();
  console.log('ready after', times, 'ms; a process that does nothing takes', Math.round(emptyMs), 'ms');
  expect(Math.max(...Object.values(times))).toBeLessThan(Math.max(readyLimitMs, readyLimitFactor * emptyMs));
  await objects.expectRight();
});
