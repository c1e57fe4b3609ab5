/**
 * Events to brokers and databases as the system brings them, all of them targets of one server. It starts while none of
 * them is there; then each comes, is killed while events are on their way, and comes back.
 */
import {
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Broker, LiveBroker } from '../support/brokers/broker.ts';
import { kafkaBroker } from '../support/brokers/kafka.ts';
import { mosquitto } from '../support/brokers/mosquitto.ts';
import { natsServer } from '../support/brokers/nats-server.ts';
import { postgresql } from '../support/brokers/postgresql.ts';
import { rabbitmq } from '../support/brokers/rabbitmq.ts';
import { redisServer } from '../support/brokers/redis.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { firstOfEach, type ReceivedMessage, type ReceivedRecord } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';

const eventCount = 200;
const keyCount = 10;

const [nats, redis] = [await natsServer(), await redisServer({ stream: 'uploads' })];
const brokers: Readonly<Record<string, Broker>> = {
  RabbitMQ: await rabbitmq(),
  'Apache Kafka': await kafkaBroker(),
  'JetStream of NATS': nats,
  Mosquitto: await mosquitto(),
  'a stream of Redis': redis,
  'a list of Redis': await redisServer({ list: 'uploads' }),
  PostgreSQL: await postgresql(),
};
const arnOf = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name.replaceAll(' ', '-')}`;

const live: Readonly<Record<string, LiveBroker>> = { 'NATS without JetStream': nats, 'a channel of Redis': redis };

let daemon: Daemon;
beforeAll(async () => {
  const keeping = Object.entries(brokers).map(([name, { target }]) => ({ arn: arnOf(name), ...target }));
  const passing = Object.entries(live).map(([name, { liveTarget }]) => ({ arn: arnOf(name), ...liveTarget }));
  const targets = [...keeping, ...passing];
  daemon = await startDaemon({ config: JSON.stringify({ events: { targets } }) });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  for (const broker of Object.values(brokers)) await broker[Symbol.asyncDispose]();
});

test.for(Object.entries(brokers))(
  '%s, killed and started again → every event, in order of its key',
  async ([name, broker], ctx) => {
    if (broker.missing !== undefined) return ctx.skip(broker.missing);
    await broker.start();
    const Bucket = await bucketTelling(arnOf(name));
    const versions = new Set<string>();
    const put = async (Key: string): Promise<void> => {
      const { VersionId = '' } = await daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
      versions.add(VersionId);
    };
    const writing = Array.from({ length: keyCount }, async (_, key) => {
      for (let nth = 0; nth < eventCount / keyCount; nth++) await put(`key-${key}`);
    });
    await eventually(async () => {
      expect(versions.size).toBeGreaterThan(eventCount / 4);
    });
    await broker.kill();
    await Promise.all(writing);
    await broker.start();

    // What failed while it was away is tried again later and later: the longer it was, the longer this takes.
    const records = await vi.waitFor(
      async () => {
        const arrived = firstOfEach(recordsOn(Bucket, await broker.messages()));
        const told = new Set(arrived.map(versionOf));
        expect([...versions].filter((version) => !told.has(version))).toEqual([]);
        return arrived;
      },
      { timeout: 150_000, interval: 50 },
    );
    expect(versions.size).toBe(eventCount);
    for (let key = 0; key < keyCount; key++) {
      const sequencers = records.map(({ s3 }) => s3.object).filter((object) => object.key === `key-${key}`);
      const order = sequencers.map(({ sequencer }) => sequencer);
      expect(order, `key-${key}`).toEqual(order.toSorted());
    }
  },
);

test.for(Object.entries(live))('%s → who listens has events as they come', async ([name, broker], ctx) => {
  if (broker.missing !== undefined) return ctx.skip(broker.missing);
  await broker.start();
  const texts = await broker.listen();
  const Bucket = await bucketTelling(arnOf(name));
  for (const Key of ['a', 'b']) await daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  await eventually(() => {
    const keys = recordsOn(Bucket, texts).map(({ s3 }) => s3.object.key);
    expect(keys.toSorted()).toEqual(['a', 'b']);
  });
});

async function bucketTelling(QueueArn: string): Promise<string> {
  const Bucket = await daemon.newBucket();
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const QueueConfigurations = [{ QueueArn, Events: ['s3:ObjectCreated:*' as const] }];
  const NotificationConfiguration = { QueueConfigurations };
  await daemon.client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return Bucket;
}

function recordsOn(bucket: string, texts: readonly string[]): readonly ReceivedRecord[] {
  const messages = texts.map((text): ReceivedMessage => JSON.parse(text));
  return messages.flatMap(({ Records = [] }) => Records).filter(({ s3 }) => s3.bucket.name === bucket);
}

function versionOf({ s3 }: ReceivedRecord): string {
  return String(s3.object['versionId']);
}
