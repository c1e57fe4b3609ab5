/** Steps that hurt the server or its disks. What was acknowledged stays; of what was not, it is found out what it came to. */
import { killIn } from '../support/crash-runs.ts';
import { md5Hex } from '../support/reference-model.ts';
import { isConnectionError } from '../support/stored-objects.ts';
import { bytesOf, newVersionId, placeOf } from './object-steps.ts';
import { compareAll } from './read-steps.ts';
import type { FaultStep } from './steps.ts';
import type { World } from './world.ts';

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
  const sent = world.s3.put(name, content).catch((error: unknown) => {
    if (!isConnectionError(error)) throw error;
    return undefined;
  });
  await killIn(step.delayMs, world.daemon);
  const answer = await sent;
  await world.start();
  if (answer?.status === 503) return;
  if (answer !== undefined) {
    const versionId = newVersionId(world, name.bucket, answer);
    return model.add(name.key, { versionId, content, etag, tag: undefined });
  }
  // It may have taken effect, and then wholly: a version is there that the model does not have, or another null version.
  const head = await world.s3.head(name);
  const versionId = String(head.headers['x-amz-version-id'] ?? 'null');
  const current = model.current(name.key);
  if (head.status !== 200 || head.headers.etag !== `"${etag}"`) return;
  if (current?.versionId === versionId && (versionId !== 'null' || current.etag === etag)) return;
  model.add(name.key, { versionId, content, etag, tag: undefined });
}
