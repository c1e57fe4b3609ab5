/** Steps that hurt the server or its disks. What was acknowledged stays; of what was not, it is found out what it came to. */
import { expect } from 'vitest';
import { killIn } from '../support/crash-runs.ts';
import { md5Hex } from '../support/reference-model.ts';
import type { S3Answer } from '../support/s3-http.ts';
import type { ObjectName } from '../support/s3-operations.ts';
import { isConnectionError } from '../support/stored-objects.ts';
import { bytesOf, newVersionId, placeOf } from './object-steps.ts';
import { compareAll, expectBytes } from './read-steps.ts';
import type { FaultStep } from './steps.ts';
import { noticeLimitMs, type World } from './world.ts';

export async function performFaultStep(world: World, step: FaultStep): Promise<void> {
  const { disks } = world;
  switch (step.do) {
    case 'restart':
    case 'kill':
      await world.stop(step.do === 'kill' ? 'SIGKILL' : 'SIGTERM');
      await world.start();
      return compareAll(world);
    case 'kill during put':
      await killDuringPut(world, step);
      return compareAll(world);
    case 'run job':
      return world.runJob(step.job);
    case 'lose disks':
      await disks.lose(step.disks);
      return;
    case 'lose zone':
      await disks.loseZone();
      return;
    case 'lose group':
      return loseGroup(world);
    case 'give back':
      await disks.giveBack();
      return;
    case 'copy disk':
      await disks.copy(step.disk);
      return;
    case 'give back old copy':
      await disks.giveBackOldCopy(step.disk);
      return;
    case 'flip bit':
      await disks.flipBit(step.disk, step);
      return;
    case 'cut file':
      await disks.cutFile(step.disk, step);
      return;
  }
}

async function killDuringPut(world: World, step: Extract<FaultStep, { do: 'kill during put' }>): Promise<void> {
  const { name, model } = placeOf(world, step);
  const content = bytesOf(step.content);
  const etag = md5Hex(content);
  const attempt = String(world.operations);
  const fromMs = Date.now();
  const sent = world.s3.put(name, content, { 'x-amz-meta-attempt': attempt }).catch((error: unknown) => {
    if (!isConnectionError(error)) throw error;
    return undefined;
  });
  await killIn(step.delayMs, world.daemon);
  const answer = await sent;
  const made = { fromMs, toMs: Date.now() };
  await world.start();
  if (answer?.status === 503) return;
  if (answer !== undefined) {
    const versionId = newVersionId(world, name.bucket, answer);
    return model.add(name.key, { versionId, content, etag, tag: undefined, made });
  }
  // It may have taken effect, and then wholly. A null version of before may have the same bytes, but is of another attempt.
  const head = await world.s3.head(name);
  if (head.status !== 200 || head.headers['x-amz-meta-attempt'] !== attempt) return;
  expect(head.headers.etag).toBe(`"${etag}"`);
  const versionId = String(head.headers['x-amz-version-id'] ?? 'null');
  model.add(name.key, { versionId, content, etag, tag: undefined, made });
}

/**
 * What lies on the group that is lost cannot be read, and everything else can: so the bytes of each version lie where its class
 * says, whatever has moved them.
 */
async function loseGroup(world: World): Promise<void> {
  if (world.disks.awayCount > 0) return;
  const objects = world.readables().filter(({ content }) => content.length > 0);
  const [slow = [], others = []] = [true, false].map((isSlow) =>
    objects.filter(({ version }) => world.isSlow(version) === isSlow),
  );
  await world.withoutSlowDisks(async () => {
    for (const { name } of slow) await answered(world, name, 503);
    for (const { name, content } of others) expectBytes(await world.s3.get(name), content, name);
  });
  for (const { name, content } of slow) expectBytes(await answered(world, name, 200), content, name);
}

/** The answer to a GET once it has a status: disks that go or come back are noticed a moment later, also midway in a body, which is cut off. */
async function answered(world: World, name: ObjectName, status: number): Promise<S3Answer> {
  const deadlineMs = performance.now() + noticeLimitMs;
  for (;;) {
    const answer = await world.s3.get(name).catch((error: unknown) => {
      if (!isConnectionError(error)) throw error;
      return undefined;
    });
    if (answer?.status === status) return answer;
    if (performance.now() > deadlineMs) expect.fail(`${JSON.stringify(name)} answers ${answer?.status}, not ${status}`);
  }
}
