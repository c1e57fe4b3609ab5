/** Identities and settings of buckets, which no blob describes, over the loss of index and log in every zone. */
import { createVerify } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { type Daemon, region, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { runNinefold } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';

const Bucket = 'settled';
const zones = ['zone-a', 'zone-b', 'zone-c'];
const copyOn = (daemon: Daemon, zone: string, disk = 'disk-1') =>
  join(daemon.dataDirectory, zone, disk, 'ninefold-settings.json');

async function loseIndexes({ dataDirectory }: Daemon): Promise<void> {
  for (const zone of zones) {
    for (const name of ['index', 'log']) await rm(join(dataDirectory, zone, name), { recursive: true, force: true });
  }
}

test('index lost in every zone, copies damaged or gone on most disks → users, keys and settings are as they were', async () => {
  await using daemon = await startDaemon();
  const options = { endpoint: daemon.endpoint, region, maxAttempts: 1 };
  const iam = new IAMClient({ ...options, credentials: rootKey });
  await iam.send(new CreateUserCommand({ UserName: 'kept' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'kept' }));
  const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: allow });
  await iam.send(new PutUserPolicyCommand({ UserName: 'kept', PolicyName: 'p', PolicyDocument }));
  await daemon.client.send(new CreateBucketCommand({ Bucket }));
  await daemon.client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'kept' }));
  const statement = { Effect: 'Deny', Principal: '*', Action: 's3:DeleteBucket', Resource: `arn:aws:s3:::${Bucket}` };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statement });
  await daemon.client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await daemon.client.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } }),
  );
  await daemon.terminate();

  expect(await readFile(copyOn(daemon, 'zone-a'), 'utf8')).not.toContain(AccessKey?.SecretAccessKey);
  const inspected = await runNinefold(['inspect', copyOn(daemon, 'zone-b')]);
  expect(inspected).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('Copy of identities and settings, written'),
  });
  const text = await readFile(copyOn(daemon, 'zone-a'), 'utf8');
  await writeFile(copyOn(daemon, 'zone-a'), text.replace('s3:GetObject', 's3:*'));
  for (const zone of zones) for (const disk of ['disk-2', 'disk-3']) await rm(copyOn(daemon, zone, disk));
  await loseIndexes(daemon);
  const rebuilt = await runNinefold(['rebuild-index', '--data', daemon.dataDirectory]);
  expect(rebuilt).toMatchObject({ code: 0, stdout: expect.stringContaining('Restored 1 buckets') });

  await daemon.start();
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  const user = new S3Client({ ...options, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  const read = await user.send(new GetObjectCommand({ Bucket, Key: 'k' }));
  expect(await read.Body?.transformToString()).toBe('kept');
  await expect(user.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }))).rejects.toThrow('no identity-based');
  expect(await daemon.client.send(new GetBucketPolicyCommand({ Bucket }))).toMatchObject({ Policy });
  expect(await daemon.client.send(new GetBucketVersioningCommand({ Bucket }))).toMatchObject({ Status: 'Suspended' });
});

/** What a topic has sent to a queue, the last of it, and the certificate that it is verified with. */
async function publishedTo(daemon: Daemon, { topic, queue }: { topic: string; queue: string }) {
  const sns = new SNSClient({ endpoint: daemon.endpoint, region, maxAttempts: 1, credentials: rootKey });
  await sns.send(new PublishCommand({ TopicArn: topic, Message: 'm' }));
  sns.destroy();
  const envelope = await eventually(async () => {
    const { Messages } = await askSqs(daemon, 'ReceiveMessage', {
      QueueUrl: `${daemon.endpoint}/000000000000/${queue}`,
    });
    expect(Messages).toHaveLength(1);
    return JSON.parse((Messages as { Body: string }[])[0]?.Body ?? '') as Record<string, string>;
  });
  const path = new URL(envelope['SigningCertURL'] ?? '').pathname;
  const certificate = await (await fetch(`${daemon.endpoint}${path}`)).text();
  const names = ['Message', 'MessageId', 'Timestamp', 'TopicArn', 'Type'];
  const isSigned = createVerify('RSA-SHA1')
    .update(names.map((name) => `${name}\n${envelope[name]}\n`).join(''))
    .verify(certificate, envelope['Signature'] ?? '', 'base64');
  return { path, certificate, isSigned };
}

async function askSqs(daemon: Daemon, action: string, input: object): Promise<Record<string, unknown>> {
  const body = JSON.stringify(input);
  const headers = { host: `127.0.0.1:${daemon.port}`, 'x-amz-target': `AmazonSQS.${action}` };
  const how = { date: new Date(), payload: sha256Hex(body), service: 'sqs' };
  const request = signHeader({ method: 'POST', path: '/', query: [], headers }, daemon, how);
  return JSON.parse((await signedRequests(() => daemon).sendWire(request, body)).body);
}

test('index lost in every zone → topics sign with the key that they had, and queues are as they were made', async () => {
  await using daemon = await startDaemon();
  const sns = new SNSClient({ endpoint: daemon.endpoint, region, maxAttempts: 1, credentials: rootKey });
  const Attributes = { DelaySeconds: '0', ReceiveMessageWaitTimeSeconds: '1', VisibilityTimeout: '40' };
  await askSqs(daemon, 'CreateQueue', { QueueName: 'kept', Attributes, tags: { team: 'a' } });
  const { TopicArn: topic = '' } = await sns.send(new CreateTopicCommand({ Name: 'kept' }));
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:kept';
  await sns.send(new SubscribeCommand({ TopicArn: topic, Protocol: 'sqs', Endpoint }));
  sns.destroy();
  const before = await publishedTo(daemon, { topic, queue: 'kept' });
  expect(before).toMatchObject({ isSigned: true, certificate: expect.stringContaining('BEGIN CERTIFICATE') });
  await daemon.terminate();
  await loseIndexes(daemon);
  expect(await runNinefold(['rebuild-index', '--data', daemon.dataDirectory])).toMatchObject({ code: 0 });

  await daemon.start();
  expect(await publishedTo(daemon, { topic, queue: 'kept' })).toEqual(before);
  const QueueUrl = `${daemon.endpoint}/000000000000/kept`;
  expect(await askSqs(daemon, 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })).toMatchObject({
    Attributes,
  });
  expect(await askSqs(daemon, 'ListQueueTags', { QueueUrl })).toEqual({ Tags: { team: 'a' } });
});

test('no disk has a copy → said to be lost, and the exit code is 1', async () => {
  await using daemon = await startDaemon();
  await daemon.newBucket();
  await daemon.kill9();
  await loseIndexes(daemon);
  for (const zone of zones)
    for (const disk of ['disk-1', 'disk-2', 'disk-3']) await rm(copyOn(daemon, zone, disk), { force: true });
  const rebuilt = await runNinefold(['rebuild-index', '--data', daemon.dataDirectory]);
  expect(rebuilt).toMatchObject({ code: 1, stdout: expect.stringContaining('Lost: identities') });
});
