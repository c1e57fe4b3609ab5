/** Policies of queues: what they let another account do, and S3 on behalf of its buckets. */
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const other = { accessKeyId: 'OTHERACCOUNTSKEY', secretAccessKey: 'another-secret-of-the-test' };
const accounts = [{ id: '111111111111', displayName: 'other', email: 'other@example.org', rootKey: other }];
const daemon = useDaemon({ config: JSON.stringify({ accounts }) });
const { sendWire } = signedRequests(daemon);

async function sqs(action: string, input: object, key: typeof other = rootKey): Promise<Record<string, unknown>> {
  const body = JSON.stringify(input);
  const headers = { host: `127.0.0.1:${daemon().port}`, 'x-amz-target': `AmazonSQS.${action}` };
  const how = { date: new Date(), payload: sha256Hex(body), service: 'sqs' };
  const answer = await sendWire(signHeader({ method: 'POST', path: '/', query: [], headers }, key, how), body);
  return JSON.parse(answer.body);
}

/** A queue with a policy of these statements, each on it. */
async function queueWith(QueueName: string, statements: readonly object[]) {
  const arn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
  const Statement = statements.map((statement) => ({ Effect: 'Allow', Resource: arn, ...statement }));
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const { QueueUrl } = await sqs('CreateQueue', { QueueName, Attributes: statements.length === 0 ? {} : { Policy } });
  return { QueueUrl, arn };
}

const denied = { __type: 'com.amazonaws.sqs#AccessDenied' };

test('a queue says nothing of another account → it may do nothing there, and name it in no rule; its policy lets it → only that', async () => {
  const s3 = new S3Client({
    endpoint: daemon().endpoint,
    region,
    credentials: other,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  const Bucket = 'of-the-other-account';
  await s3.send(new CreateBucketCommand({ Bucket }));
  const tell = (QueueArn: string) => {
    const rule = { QueueArn, Events: ['s3:ObjectCreated:*' as const] };
    const NotificationConfiguration = { QueueConfigurations: [rule] };
    return s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  };
  const closed = await queueWith('closed', []);
  const message = { MessageBody: 'm' };
  for (const [action, input] of [
    ['SendMessage', message],
    ['ReceiveMessage', {}],
    ['SetQueueAttributes', { Attributes: { Policy: '' } }],
    ['DeleteQueue', {}],
  ] as const) {
    expect(await sqs(action, { QueueUrl: closed.QueueUrl, ...input }, other)).toMatchObject(denied);
  }
  await expect(tell(closed.arn)).rejects.toMatchObject(refusal('AccessDenied', 403));

  const { QueueUrl, arn } = await queueWith('open', [
    { Principal: { AWS: '111111111111' }, Action: 'sqs:SendMessage' },
    {
      ...{ Principal: { Service: 's3.amazonaws.com' }, Action: 'sqs:SendMessage' },
      Condition: {
        ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` },
        StringEquals: { 'aws:SourceAccount': '111111111111' },
      },
    },
  ]);
  expect(await sqs('SendMessage', { QueueUrl, ...message }, other)).toMatchObject({ MessageId: expect.any(String) });
  expect(await sqs('ReceiveMessage', { QueueUrl }, other)).toMatchObject(denied);
  await tell(arn);
  await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  await eventually(async () => {
    const all = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, AttributeNames: ['SenderId'] };
    const { Messages } = await sqs('ReceiveMessage', all);
    expect(Messages).toMatchObject([
      { Body: 'm', Attributes: { SenderId: '111111111111' } },
      { Body: expect.stringContaining('s3:TestEvent') },
      { Body: expect.stringContaining('"key":"k"') },
    ]);
  });
  s3.destroy();
});
