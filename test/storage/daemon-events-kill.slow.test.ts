/** Events of a server that is killed again and again, while their target comes and goes. */
import {
  DeleteObjectCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { EventReceiver, firstOfEach } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const changes = 10_000;
/** Before the server is killed again, so many at most. */
const changesBetween = 1200;
const keysMax = 60;

async function bucketTelling(daemon: Daemon): Promise<string> {
  const Bucket = await daemon.newBucket();
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const NotificationConfiguration = {
    QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectCreated:*' as const, 's3:ObjectRemoved:*' as const] }],
  };
  await daemon.client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return Bucket;
}

test('puts and deletes, the server killed and the target down at random → every event, in order of its key, none for a refused write', async () => {
  const seed = 20_261_127;
  const random = new SeededRandom(seed);
  await using receiver = await EventReceiver.open();
  const targets = [{ arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } }];
  await using daemon = await startDaemon({ config: JSON.stringify({ events: { targets } }) });
  const Bucket = await bucketTelling(daemon);

  /** Version ids of the changes that were acknowledged. */
  const made = new Map<string, string>();
  let refused = 0;
  const change = async (): Promise<void> => {
    const Key = `key-${random.below(keysMax)}`;
    const kind = random.below(10);
    try {
      if (kind === 0) {
        await daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'no', IfMatch: '"another"' }));
      } else if (kind < 4) {
        const { VersionId = '' } = await daemon.client.send(new DeleteObjectCommand({ Bucket, Key }));
        made.set(VersionId, Key);
      } else {
        const { VersionId = '' } = await daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
        made.set(VersionId, Key);
      }
    } catch {
      refused++;
    }
  };

  let kills = 0;
  for (; made.size < changes; kills++) {
    receiver.takes = () => kills % 2 === 0 || random.below(4) === 0;
    let left = changesBetween;
    const client = async (): Promise<void> => {
      while (left-- > 0) await change();
    };
    const clients = Promise.all(Array.from({ length: 8 }, client));
    const killAt = random.below(changesBetween - 500);
    await eventually(() => expect(left).toBeLessThan(killAt));
    await daemon.kill9();
    left = 0;
    await clients;
    await daemon.start();
  }
  receiver.takes = () => true;
  const told = () => firstOfEach(receiver.recordsOf(Bucket));
  await eventually(
    () => {
      const ids = new Set(told().map(({ s3 }) => s3.object['versionId']));
      expect(
        [...made.keys()].filter((id) => !ids.has(id)),
        `seed ${seed}`,
      ).toEqual([]);
    },
    { timeout: 120_000, interval: 500 },
  );
  expect(refused).toBeGreaterThan(0);
  for (let key = 0; key < keysMax; key++) {
    const sequencers = told()
      .filter(({ s3 }) => s3.object.key === `key-${key}`)
      .map(({ s3 }) => s3.object.sequencer);
    expect(sequencers.toSorted(), `seed ${seed}, key-${key}`).toEqual(sequencers);
  }
  // What was told and not acknowledged was under way when the server was killed: never more than its clients.
  const unacknowledged = told().filter(({ s3 }) => !made.has(String(s3.object['versionId'])));
  expect(unacknowledged.length).toBeLessThanOrEqual(kills * 8);
}, 600_000);
