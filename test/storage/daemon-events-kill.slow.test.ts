/** Events of a server that is killed again and again, while their target comes and goes. */
import { PutBucketNotificationConfigurationCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { EventReceiver, firstOfEach, type ReceivedRecord } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const changes = 10_000;
/** Before the server is killed again, so many at most. */
const changesBetween = 1200;
const keysMax = 60;
const seed = 20_261_127;

async function bucketTelling(daemon: Daemon): Promise<string> {
  const Bucket = await daemon.newBucket();
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const NotificationConfiguration = {
    QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectCreated:*' as const, 's3:ObjectRemoved:*' as const] }],
  };
  await daemon.client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return Bucket;
}

/** Of each key. */
function expectInOrder(told: readonly ReceivedRecord[], seed: number): void {
  const byKey = Map.groupBy(told, ({ s3: { object } }) => object.key);
  for (const [key, records] of byKey) {
    const sequencers = records.map(({ s3: { object } }) => object.sequencer);
    expect(sequencers.toSorted(), `seed ${seed}, ${key}`).toEqual(sequencers);
  }
  expect(byKey.size).toBe(keysMax);
}

test('puts and deletes, the server killed and the target down at random → every event, in order of its key, none for a refused write', async () => {
  const random = new SeededRandom(seed);
  await using receiver = await EventReceiver.open();
  const targets = [{ arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } }];
  await using daemon = await startDaemon({ config: JSON.stringify({ events: { targets } }) });
  const bucket = await bucketTelling(daemon);
  const http = new S3Http({ port: daemon.port, key: daemon });
  const s3 = new S3Operations(http);

  /** Version ids of the changes that were acknowledged. */
  const made = new Map<string, string>();
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
      if (code === '') made.set(String(headers['x-amz-version-id']), key);
      else refused++;
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
    http.reset();
  }
  http.close();
  receiver.takes = () => true;
  const told = await vi.waitFor(
    () => {
      const records = firstOfEach(receiver.recordsOf(bucket));
      const ids = new Set(records.map(({ s3: { object } }) => object['versionId']));
      expect(
        [...made.keys()].filter((id) => !ids.has(id)),
        `seed ${seed}`,
      ).toEqual([]);
      return records;
    },
    { timeout: 120_000, interval: 500 },
  );
  expect(refused).toBeGreaterThan(0);
  expectInOrder(told, seed);
  // What was told and not acknowledged was under way when the server was killed: never more than its clients.
  const unacknowledged = told.filter(({ s3: { object } }) => !made.has(String(object['versionId'])));
  expect(unacknowledged.length).toBeLessThanOrEqual(kills * 8);
}, 600_000);
