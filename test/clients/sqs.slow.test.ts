/** Events sent to a queue of moto's SQS, which is not ours. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { PutBucketNotificationConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { pythonClients, setupLimitMs } from './python.ts';

const arn = 'arn:aws:sqs:us-east-1:123456789012:pictures';
const key = { accessKeyId: 'KEY', secretAccessKey: 'a-secret' };
const authorization =
  'AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0';

let moto: ChildProcess | undefined;
let endpoint = '';
let missing: string | undefined;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function call(action: string, input: object): Promise<Record<string, unknown>> {
  const response = await fetch(endpoint, {
    method: 'POST',
    body: JSON.stringify(input),
    headers: { authorization, 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
  });
  return (await response.json()) as Record<string, unknown>;
}

beforeAll(async () => {
  const python = await pythonClients('moto');
  missing = python.missing;
  if (python.interpreter === undefined) return;
  const port = await freePort();
  endpoint = `http://127.0.0.1:${port}/`;
  const command = join(dirname(python.interpreter), 'moto_server');
  moto = spawn(command, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
}, setupLimitMs);

afterAll(async () => {
  if (moto === undefined || moto.exitCode !== null) return;
  const exit = once(moto, 'exit');
  moto.kill('SIGKILL');
  await exit;
});

test('objects put → moto’s queue has their messages', async (ctx) => {
  if (missing !== undefined) return ctx.skip(missing);
  const { QueueUrl } = await eventually(() => call('CreateQueue', { QueueName: 'pictures' }));
  const targets = [{ arn, sqs: { queueUrl: String(QueueUrl), ...key } }];
  await using daemon = await startDaemon({ config: JSON.stringify({ events: { targets } }) });
  const Bucket = await daemon.newBucket();
  await daemon.client.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { QueueConfigurations: [{ QueueArn: arn, Events: ['s3:ObjectCreated:*'] }] },
    }),
  );
  for (const Key of ['a', 'b']) await daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  const bodies = new Set<string>();
  await eventually(async () => {
    const { Messages = [] } = await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    for (const { Body } of Messages as { Body: string }[]) bodies.add(Body);
    expect(bodies.size).toBe(3);
  });
  const messages = [...bodies].map((body): Record<string, unknown> => JSON.parse(body));
  expect(messages).toContainEqual(expect.objectContaining({ Event: 's3:TestEvent', Bucket }));
  const records = messages.flatMap(({ Records = [] }) => Records as { s3: { object: { key: string } } }[]);
  expect(records.map(({ s3 }) => s3.object.key).toSorted()).toEqual(['a', 'b']);
});
