/** Events sent to moto's SQS, SNS, Lambda and EventBridge, which are not ours. */
import {
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { pythonClients, setupLimitMs } from './python.ts';

const region = 'us-east-1';
const account = '123456789012';
const key = { accessKeyId: 'KEY', secretAccessKey: 'a-secret' };

let moto: Moto | undefined;
let endpoint = '';
let interpreter = '';
let missing: string | undefined;

/** An action of one of moto's services with JSON, by its target's name. */
async function call(target: string, input: object): Promise<Record<string, unknown>> {
  const service = target.startsWith('AWSEvents') ? 'events' : 'sqs';
  const response = await fetch(endpoint, {
    method: 'POST',
    body: JSON.stringify(input),
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=KEY/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
    },
  });
  return (await response.json()) as Record<string, unknown>;
}

async function newQueue(QueueName: string): Promise<{ url: string; arn: string }> {
  const { QueueUrl } = await call('AmazonSQS.CreateQueue', { QueueName });
  return { url: String(QueueUrl), arn: `arn:aws:sqs:${region}:${account}:${QueueName}` };
}

/** Takes what is in a queue until there are so many different bodies, of those that are asked for. */
async function bodiesIn(
  QueueUrl: string,
  count: number,
  isAskedFor: (body: string) => boolean = () => true,
): Promise<Record<string, unknown>[]> {
  const bodies = new Set<string>();
  await eventually(async () => {
    const { Messages = [] } = await call('AmazonSQS.ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    for (const { Body } of Messages as { Body: string }[]) if (isAskedFor(Body)) bodies.add(Body);
    expect(bodies.size).toBe(count);
  });
  return [...bodies].map((body) => JSON.parse(body));
}

/** What a message tells of: the keys of objects, and the bucket of a test. */
function toldBy(message: Record<string, unknown>): string[] {
  const { Records, Event } = message as { Records?: { s3: { object: { key: string } } }[]; Event?: string };
  return Records?.map(({ s3 }) => s3.object.key) ?? [String(Event)];
}

/** Puts objects with these keys into a bucket that tells one target of them. */
async function putTelling(target: object, configuration: NotificationConfiguration, keys: string[]) {
  const daemon = await startDaemon({ config: JSON.stringify({ events: { targets: [target] } }) });
  const Bucket = await daemon.newBucket();
  await daemon.client.send(
    new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration: configuration }),
  );
  await Promise.all(keys.map((Key) => daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))));
  running.push(daemon);
  return { daemon, Bucket };
}
const running: Daemon[] = [];
const created = { Events: ['s3:ObjectCreated:*' as const] };

beforeAll(async () => {
  const python = await pythonClients('moto');
  missing = python.missing;
  if (python.interpreter === undefined) return;
  interpreter = python.interpreter;
  moto = await startMoto(interpreter);
  endpoint = moto.endpoint;
  await eventually(() => call('AmazonSQS.ListQueues', {}));
}, setupLimitMs);

afterAll(async () => {
  for (const daemon of running) await daemon[Symbol.asyncDispose]();
  await moto?.[Symbol.asyncDispose]();
});

test('objects put → moto’s queue has their messages', async (ctx) => {
  if (missing !== undefined) return ctx.skip(missing);
  const { url, arn } = await newQueue('pictures');
  const keys = Array.from({ length: 25 }, (_, at) => `key-${at}`);
  const configuration = { QueueConfigurations: [{ QueueArn: arn, ...created }] };
  await putTelling({ arn, sqs: { queueUrl: url, ...key } }, configuration, keys);
  const messages = await bodiesIn(url, keys.length + 1);
  expect(messages.flatMap(toldBy).toSorted()).toEqual([...keys, 's3:TestEvent'].toSorted());
});

test('… moto’s topic → its subscription has them in envelopes', async (ctx) => {
  if (missing !== undefined) return ctx.skip(missing);
  const { url, arn } = await newQueue('subscribed');
  const sns = new SNSClient({ endpoint, region, credentials: { ...key } });
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'pictures' }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: arn }));
  const keys = Array.from({ length: 25 }, (_, at) => `key-${at}`);
  const configuration = { TopicConfigurations: [{ TopicArn, ...created }] };
  await putTelling({ arn: TopicArn, sns: { endpoint, ...key } }, configuration, keys);
  const envelopes = await bodiesIn(url, keys.length + 1);
  expect(envelopes[0]).toMatchObject({ Type: 'Notification', TopicArn, Subject: 'Amazon S3 Notification' });
  const messages = envelopes.map(({ Message }): Record<string, unknown> => JSON.parse(String(Message)));
  expect(messages.flatMap(toldBy).toSorted()).toEqual([...keys, 's3:TestEvent'].toSorted());
});

test('… moto’s event bus → a rule on it sends them on, as EventBridge puts events of S3', async (ctx) => {
  if (missing !== undefined) return ctx.skip(missing);
  const { url, arn } = await newQueue('from-the-bus');
  const pattern = { source: ['ninefold.s3'], 'detail-type': ['Object Created'] };
  await call('AWSEvents.PutRule', { Name: 'all', EventPattern: JSON.stringify(pattern) });
  await call('AWSEvents.PutTargets', { Rule: 'all', Targets: [{ Id: '1', Arn: arn }] });
  const bus = `arn:aws:events:${region}:${account}:event-bus/default`;
  await putTelling({ arn: bus, eventBridge: { endpoint, ...key } }, { EventBridgeConfiguration: {} }, ['a', 'b']);
  const events = await bodiesIn(url, 2);
  expect(events[0]).toMatchObject({ 'detail-type': 'Object Created', detail: { reason: 'PutObject' } });
  const keysOf = ({ detail }: Record<string, unknown>) => (detail as { object: { key: string } }).object.key;
  expect(events.map(keysOf).toSorted()).toEqual(['a', 'b']);
});

test('… moto’s Lambda → the function is invoked with each, not waited for', async (ctx) => {
  if (missing !== undefined) return ctx.skip(missing);
  const post = (path: string, body = '') => fetch(`${endpoint}/moto-api/${path}`, { method: 'POST', body });
  await post('config', JSON.stringify({ lambda: { use_docker: false } }));
  await post('recorder/start-recording');
  const arn = `arn:aws:lambda:${region}:${account}:function:thumbnails`;
  const configuration = { LambdaFunctionConfigurations: [{ LambdaFunctionArn: arn, ...created }] };
  await putTelling({ arn, lambda: { endpoint, ...key } }, configuration, ['a', 'b']);
  const invoked = await eventually(async () => {
    const recording = await (await fetch(`${endpoint}/moto-api/recorder/download-recording`)).text();
    const requests = recording.split('\n').filter((line) => line.includes('/2015-03-31/functions/thumbnails/'));
    expect(requests).toHaveLength(2);
    return requests.map((line) => JSON.parse(line) as { body: string; headers: object });
  });
  expect(invoked[0]?.headers).toMatchObject({ 'X-Amz-Invocation-Type': 'Event' });
  expect(invoked.flatMap(({ body }) => toldBy(JSON.parse(Buffer.from(body, 'base64').toString()))).toSorted()).toEqual([
    'a',
    'b',
  ]);
});

test('moto is killed and comes back → its queue gets all that was put meanwhile, in order of each key', async (ctx) => {
  if (missing !== undefined) return ctx.skip(missing);
  const { url, arn } = await newQueue('under-kills');
  const configuration = { QueueConfigurations: [{ QueueArn: arn, ...created }] };
  const { daemon, Bucket } = await putTelling({ arn, sqs: { queueUrl: url, ...key } }, configuration, ['before']);
  expect((await bodiesIn(url, 2)).flatMap(toldBy).toSorted()).toEqual(['before', 's3:TestEvent']);
  await moto?.[Symbol.asyncDispose]();
  const keys = Array.from({ length: 20 }, (_, at) => `key-${at}`);
  const put = (Key: string) => daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  for (let round = 0; round < 3; round++) await Promise.all(keys.map(put));
  // It keeps nothing: the queue is made anew under the same address.
  moto = await startMoto(interpreter, { port: Number(new URL(endpoint).port) });
  await eventually(() => newQueue('under-kills'));
  // What moto took just before it was killed may not have been acknowledged, and comes again.
  const messages = await bodiesIn(url, 3 * keys.length, (body) => !body.includes('"before"'));
  const told = messages.flatMap(({ Records }) => Records as { s3: { object: { key: string; sequencer: string } } }[]);
  for (const [, records] of Map.groupBy(told, ({ s3 }) => s3.object.key)) {
    const sequencers = records.map(({ s3 }) => s3.object.sequencer);
    expect(sequencers).toHaveLength(3);
    expect(sequencers.toSorted()).toEqual(sequencers);
  }
});
