/** The audit log: what is in it, what is not, and that it is there when the answer is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserCommand,
  IAMClient,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import {
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateTopicCommand, PublishCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import { region, rootKey, startDaemon } from '../support/daemon.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const options = (credentials: { accessKeyId: string; secretAccessKey: string }) => ({
  ...{ endpoint: daemon().endpoint, region, credentials, maxAttempts: 1, forcePathStyle: true },
});

function records(folder = daemon().dataDirectory) {
  const text = readFileSync(join(folder, 'audit', 'audit.jsonl'), 'utf8');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('acts of IAM, STS, S3 and the operator → a record each when they are answered, without secrets', async () => {
  const iam = new IAMClient(options(rootKey));
  await iam.send(new CreateUserCommand({ UserName: 'audited', Tags: [{ Key: 'team', Value: 'a' }] }));
  expect(records().at(-1)).toMatchObject({
    eventVersion: expect.any(String),
    eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    eventSource: 'iam.amazonaws.com',
    eventName: 'CreateUser',
    userIdentity: { type: 'Root', arn: 'arn:aws:iam::000000000000:root', accessKeyId: rootKey.accessKeyId },
    sourceIPAddress: '127.0.0.1',
    userAgent: expect.stringContaining('aws-sdk-js'),
    requestParameters: { userName: 'audited', tags: [{ key: 'team', value: 'a' }] },
    responseElements: { user: { userName: 'audited' } },
    readOnly: false,
  });
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'audited' }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  expect(records().at(-1)).toMatchObject({
    eventName: 'CreateAccessKey',
    responseElements: { accessKey: { accessKeyId, secretAccessKey: '***' } },
  });

  const own = new STSClient(options({ accessKeyId, secretAccessKey }));
  const trust = {
    Effect: 'Allow',
    Principal: { AWS: 'arn:aws:iam::000000000000:user/audited' },
    Action: 'sts:AssumeRole',
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'audited', AssumeRolePolicyDocument }));
  const assumed = await own.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'me' }));
  expect(records().at(-1)).toMatchObject({
    eventSource: 'sts.amazonaws.com',
    eventName: 'AssumeRole',
    userIdentity: { type: 'IAMUser', userName: 'audited', accessKeyId },
    responseElements: { credentials: { secretAccessKey: '***', sessionToken: '***' } },
  });

  const Bucket = await daemon().newBucket();
  expect(records().at(-1)).toMatchObject({ eventName: 'CreateBucket', requestParameters: { bucketName: Bucket } });
  const statement = { Effect: 'Deny', Principal: '*', Action: 's3:DeleteObject', Resource: `arn:aws:s3:::${Bucket}/*` };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await daemon().client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  expect(records().at(-1)).toMatchObject({
    eventSource: 's3.amazonaws.com',
    eventName: 'PutBucketPolicy',
    requestParameters: { bucketName: Bucket, policy: Policy },
  });
  await runNinefoldFor(daemon(), ['user', 'create', 'by-operator']);
  expect(records().at(-1)).toMatchObject({
    eventSource: 'ninefold',
    eventName: 'POST /-/accounts/000000000000/users',
    requestParameters: { name: 'by-operator' },
    responseElements: { secretAccessKey: '***' },
  });
  const text = JSON.stringify(records());
  for (const secret of [secretAccessKey, assumed.Credentials?.SecretAccessKey, assumed.Credentials?.SessionToken]) {
    expect(text.includes(secret ?? 'none')).toBe(false);
  }
});

test('a refused act → its error, and who; what is read, done to objects or asked by nobody → no record', async () => {
  const Bucket = await daemon().newBucket();
  const made = await runNinefoldFor(daemon(), ['user', 'create', 'powerless']);
  const [, accessKeyId = '', secretAccessKey = ''] =
    /AWS_ACCESS_KEY_ID=(\S+)\nexport AWS_SECRET_ACCESS_KEY=(\S+)/.exec(made.stdout) ?? [];
  const iam = new IAMClient(options({ accessKeyId, secretAccessKey }));
  await expect(iam.send(new DeleteUserCommand({ UserName: 'powerless' }))).rejects.toThrow();
  expect(records().at(-1)).toMatchObject({
    eventName: 'DeleteUser',
    userIdentity: { userName: 'powerless' },
    requestParameters: { userName: 'powerless' },
    errorCode: 'AccessDenied',
    responseElements: null,
  });
  const s3 = new S3Client(options({ accessKeyId, secretAccessKey }));
  await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{}' }))).rejects.toThrow();
  expect(records().at(-1)).toMatchObject({ eventName: 'PutBucketPolicy', errorCode: 'AccessDenied' });

  const before = records().length;
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  await daemon().client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } }));
  await expect(daemon().client.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toThrow();
  await new IAMClient(options(rootKey)).send(new ListUsersCommand({}));
  await new STSClient(options(rootKey)).send(new GetCallerIdentityCommand({}));
  await runNinefoldFor(daemon(), ['explain', '--as', 'root', 'ListBuckets']);
  expect((await fetch(`${daemon().endpoint}/${Bucket}?policy`, { method: 'DELETE' })).status).toBe(403);
  expect(records()).toHaveLength(before);
});

test('queues made, emptied and removed, topics and subscriptions → a record each; messages → none', async () => {
  const { sendWire } = signedRequests(daemon);
  const sqs = (action: string, input: object) => {
    const body = JSON.stringify(input);
    const headers = { host: `127.0.0.1:${daemon().port}`, 'x-amz-target': `AmazonSQS.${action}` };
    const how = { date: new Date(), payload: sha256Hex(body), service: 'sqs' };
    return sendWire(signHeader({ method: 'POST', path: '/', query: [], headers }, daemon(), how), body);
  };
  const QueueUrl = `${daemon().endpoint}/000000000000/audited`;
  await sqs('CreateQueue', { QueueName: 'audited' });
  expect(records().at(-1)).toMatchObject({
    ...{ eventSource: 'sqs.amazonaws.com', eventName: 'CreateQueue', userIdentity: { type: 'Root' } },
    ...{ requestParameters: { queueName: 'audited' }, responseElements: { queueUrl: QueueUrl } },
  });
  const sns = new SNSClient(options(rootKey));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'audited' }));
  const Endpoint = 'arn:aws:sqs:us-east-1:000000000000:audited';
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  expect(records().slice(-2)).toMatchObject([
    { eventSource: 'sns.amazonaws.com', eventName: 'CreateTopic', responseElements: { topicArn: TopicArn } },
    { eventName: 'Subscribe', requestParameters: { topicArn: TopicArn, protocol: 'sqs', endpoint: Endpoint } },
  ]);
  const before = records().length;
  await sns.send(new PublishCommand({ TopicArn, Message: 'x' }));
  await sqs('ReceiveMessage', { QueueUrl });
  await sqs('ListQueues', {});
  expect(records()).toHaveLength(before);
  for (const action of ['PurgeQueue', 'DeleteQueue', 'DeleteQueue']) await sqs(action, { QueueUrl });
  expect(records().slice(before)).toMatchObject([
    { eventName: 'PurgeQueue', requestParameters: { queueUrl: QueueUrl }, responseElements: null },
    { eventName: 'DeleteQueue' },
    { eventName: 'DeleteQueue', errorCode: 'AWS.SimpleQueueService.NonExistentQueue' },
  ]);
});

test('full files → set aside, the oldest gone; switched off → no file', async () => {
  await using small = await startDaemon({ isHosted: true, config: 'auditLog: { fileBytesMax: 1024, filesMax: 3 }' });
  for (let made = 0; made < 12; made++) await small.newBucket();
  const files = readdirSync(join(small.dataDirectory, 'audit')).sort();
  expect(files).toEqual([
    expect.stringMatching(/^audit-\d.*\.jsonl$/),
    expect.stringMatching(/^audit-\d/),
    'audit.jsonl',
  ]);
  await small.restart();
  await small.newBucket();
  expect(records(small.dataDirectory).at(-1)).toMatchObject({ eventName: 'CreateBucket' });

  await using silent = await startDaemon({ isHosted: true, config: 'auditLog: { enabled: false }' });
  await silent.newBucket();
  expect(readdirSync(silent.dataDirectory)).not.toContain('audit');
});
