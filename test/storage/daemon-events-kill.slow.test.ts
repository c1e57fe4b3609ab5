/** Events of a server that is killed again and again, while their target comes and goes. */
import { PutBucketNotificationConfigurationCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { EventReceiver, firstOfEach, type ReceivedRecord } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { SeededRandom, testSeed } from '../support/seeded-random.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const changes = 10_000;
/** Before the server is killed again, so many at most. */
const changesBetween = 1200;
const keysMax = 60;
const seed = testSeed(20_261_127);

async function bucketTelling(daemon: Daemon): Promise<string> {
  const Bucket = await daemon.newBucket();
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const NotificationConfiguration = {
    QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectCreated:*' as const, 's3:ObjectRemoved:*' as const] }],
  };
  await daemon.client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return Bucket;
}

/** Ids of all versions and markers of each key, in the order in which they were made. */
async function versionsOf(s3: S3Operations, bucket: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = await s3.list('versions', { bucket, prefix: '', delimiter: '', pageSize: 1000 });
  const versions = lines.toReversed().map((line) => line.split(' '));
  const byKey = Map.groupBy(versions, ([key = '']) => key);
  return new Map([...byKey].map(([key, those]) => [key, those.map(([, versionId = '']) => versionId)]));
}

/**
 * Each version and marker that there is was told, and nothing else: what was refused, or lost with the server, has made none. Of
 * each key they were told first in the order in which they were made, which is that of their sequencers.
 */
function expectTold(told: readonly ReceivedRecord[], made: ReadonlyMap<string, readonly string[]>): void {
  const toldOf = Map.groupBy(told, ({ s3: { object } }) => object.key);
  expect(toldOf.size).toBe(keysMax);
  expect(made.size).toBe(keysMax);
  for (const [key, versionIds] of made) {
    const objects = (toldOf.get(key) ?? []).map(({ s3: { object } }) => object);
    const toldIds = objects.map((object) => object['versionId']);
    expect(toldIds, `seed ${seed}, ${key}`).toEqual(versionIds);
    const sequencers = objects.map(({ sequencer }) => sequencer);
    expect(sequencers, `seed ${seed}, ${key}`).toEqual(sequencers.toSorted());
  }
}

/** The first of each event, once all of these versions have been told. */
function arrived(receiver: EventReceiver, bucket: string, versionIds: readonly string[]) {
  const look = (): readonly ReceivedRecord[] => {
    const records = firstOfEach(receiver.recordsOf(bucket));
    const toldIds = new Set(records.map(({ s3: { object } }) => object['versionId']));
    expect(
      versionIds.filter((id) => !toldIds.has(id)),
      `seed ${seed}`,
    ).toEqual([]);
    return records;
  };
  return vi.waitFor(look, { timeout: 240_000, interval: 500 });
}

test('puts and deletes, the server and the target killed at random, and the target refusing → every event, in order of its key, none for a refused write', async () => {
  const random = new SeededRandom(seed);
  await using receiver = await EventReceiver.open();
  const targets = [{ arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } }];
  await using daemon = await startDaemon({ config: JSON.stringify({ events: { targets } }) });
  const bucket = await bucketTelling(daemon);
  const http = new S3Http({ port: daemon.port, key: daemon });
  const s3 = new S3Operations(http);

  /** Version ids of the changes that were acknowledged. */
  const acknowledged = new Set<string>();
  let refused = 0;
  const change = async (): Promise<void> => {
    const key = `key-${random.below(keysMax)}`;
    const name = { bucket, key };
    const kind = random.below(10);
    try {
      const { code, headers } = await (kind === 0
        ? s3.put(name, Buffer.from('no'), { 'if-match': '"another"' })
        : kind < 4
          ? s3.delete(name)
          : s3.put(name, Buffer.from('x')));
      if (code === '') acknowledged.add(String(headers['x-amz-version-id']));
      if (code === 'PreconditionFailed') refused++;
    } catch {
      // The server was killed: the change is made and told, or neither.
    }
  };

  let kills = 0;
  for (; acknowledged.size < changes; kills++) {
    receiver.takes = () => kills % 3 !== 1 || random.below(4) === 0;
    const isKilled = kills % 3 === 2;
    let left = changesBetween;
    const client = async (): Promise<void> => {
      while (left-- > 0) await change();
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    const killAt = random.below(changesBetween - 500);
    if (isKilled) {
      const targetKillAt = killAt + random.below(changesBetween - killAt);
      await eventually(() => expect(left).toBeLessThan(targetKillAt));
      await receiver.kill();
    }
    await eventually(() => expect(left).toBeLessThan(killAt));
    await daemon.kill9();
    left = 0;
    await clients;
    // It starts also where the target is not there.
    await daemon.start();
    http.reset();
    if (isKilled) await receiver.listen();
  }
  receiver.takes = () => true;
  const made = await versionsOf(s3, bucket);
  http.close();
  const versionIds = [...made.values()].flat();
  for (const id of versionIds) acknowledged.delete(id);
  expect([...acknowledged]).toEqual([]);
  expect(refused).toBeGreaterThan(changes / 20);
  const told = await arrived(receiver, bucket, versionIds);
  expectTold(told, made);
}, 600_000);
