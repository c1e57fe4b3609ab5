/** Events of buckets on their way to webhooks: what is told, in which words, and what a target that is down does to it. */
import { createHmac } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  type Event,
  PutBucketNotificationConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, test } from 'vitest';
import { contentType, formBody, signedByV4 } from '../support/browser-forms.ts';
import { EventReceiver } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const bus = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
const secret = 'a-secret-of-the-test';
const receiver = await EventReceiver.open();
const busReceiver = await EventReceiver.open();
afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await busReceiver[Symbol.asyncDispose]();
});

const targets = [
  { arn: queue, webhook: { url: receiver.url, secret } },
  { arn: bus, webhook: { url: busReceiver.url, secret } },
];
const daemon = useDaemon({ config: JSON.stringify({ events: { targets } }) });
const { send, sendWire } = signedRequests(daemon);

const all: Event[] = [
  's3:ObjectCreated:*',
  's3:ObjectRemoved:*',
  's3:ObjectTagging:*',
  's3:ObjectAcl:Put',
  's3:ObjectRestore:Post',
  's3:LifecycleExpiration:*',
];

async function bucketTelling(Events: Event[] = all, prefix = ''): Promise<string> {
  const Bucket = await daemon().newBucket();
  const filter = { Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } } };
  await daemon().client.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: {
        QueueConfigurations: [{ QueueArn: queue, Events, Id: 'the-rule', ...(prefix !== '' && filter) }],
        EventBridgeConfiguration: {},
      },
    }),
  );
  return Bucket;
}

/** Waits until so many records on the bucket have arrived. */
const arrived = (Bucket: string, count: number) =>
  eventually(() => {
    const records = receiver.recordsOf(Bucket);
    expect(records.length).toBeGreaterThanOrEqual(count);
    return records;
  });

describe('the message', () => {
  test('a PUT → AWS’s record, signed; the first message is the test event', async () => {
    const Bucket = await bucketTelling();
    const before = Date.now();
    const Key = "a b/ü+'(x).txt";
    const { $metadata, ETag } = await daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'hello' }));
    const [record] = await arrived(Bucket, 1);
    expect(record).toEqual({
      eventVersion: '2.5',
      eventSource: 'aws:s3',
      awsRegion: 'us-east-1',
      eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      eventName: 'ObjectCreated:Put',
      userIdentity: { principalId: 'AWS:000000000000' },
      requestParameters: { sourceIPAddress: '127.0.0.1' },
      responseElements: { 'x-amz-request-id': $metadata.requestId, 'x-amz-id-2': $metadata.extendedRequestId },
      s3: {
        s3SchemaVersion: '1.0',
        configurationId: 'the-rule',
        bucket: {
          name: Bucket,
          ownerIdentity: { principalId: expect.stringMatching(/^[0-9a-f]{64}$/) },
          arn: `arn:aws:s3:::${Bucket}`,
        },
        object: {
          key: 'a+b/%C3%BC%2B%27%28x%29.txt',
          size: 5,
          eTag: ETag?.replaceAll('"', ''),
          sequencer: expect.stringMatching(/^[0-9A-F]{26}$/),
        },
      },
    });
    expect(Math.abs(Date.parse(String(record?.['eventTime'])) - before)).toBeLessThan(60_000);
    const ofBucket = receiver.taken.filter(({ text }) => text.includes(Bucket));
    expect(ofBucket[0]?.message).toMatchObject({ Service: 'Amazon S3', Event: 's3:TestEvent', Bucket });
    for (const { headers, text } of ofBucket) {
      const signed = createHmac('sha256', secret).update(`${headers['x-ninefold-timestamp']}.${text}`).digest('hex');
      expect(headers['x-ninefold-signature']).toBe(`sha256=${signed}`);
    }
  });

  test('for the event bus → EventBridge’s envelope, the key as it is', async () => {
    const Bucket = await bucketTelling();
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'hello' }));
    const { message } = await eventually(() => {
      const [received] = busReceiver.taken.filter(({ text }) => text.includes(Bucket));
      expect(received).toBeDefined();
      return received ?? { message: {} };
    });
    expect(message).toMatchObject({
      ...{ version: '0', 'detail-type': 'Object Created', source: 'aws.s3', account: '000000000000' },
      ...{ region: 'us-east-1', resources: [`arn:aws:s3:::${Bucket}`] },
      detail: {
        ...{ version: '0', 'event-version': '1.1' },
        bucket: { name: Bucket },
        object: { key: 'a b', size: 5, sequencer: expect.any(String) },
        ...{ requester: '000000000000', 'source-ip-address': '127.0.0.1', reason: 'PutObject' },
      },
    });
  });
});

describe('what is told', () => {
  /** Names of the events on a key, in their order, once all have arrived. */
  async function told(Bucket: string, count: number): Promise<string[]> {
    return (await arrived(Bucket, count)).map(({ eventName }) => eventName);
  }

  test('each way to make and remove an object, to tag it and to grant it → its event, in order', async () => {
    const Bucket = await bucketTelling();
    const { client } = daemon();
    await client.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] },
      }),
    );
    const object = { Bucket, Key: 'k' };
    await client.send(new PutObjectCommand({ ...object, Body: '' }));
    await client.send(new CopyObjectCommand({ ...object, CopySource: `${Bucket}/k`, MetadataDirective: 'REPLACE' }));
    const form = formBody([
      ['key', 'k'],
      ...Object.entries(signedByV4({ bucket: Bucket, key: daemon(), conditions: [{ key: 'k' }] })),
      ['file', 'x', 'x.txt'],
    ]);
    await sendWire(
      {
        method: 'POST',
        rawPath: `/${Bucket}`,
        rawQuery: '',
        headers: { host: `127.0.0.1:${daemon().port}`, 'content-type': contentType },
      },
      form,
    );
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
    const part = { ...object, UploadId, PartNumber: 1 };
    const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'part' }));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    await client.send(new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload }));
    await client.send(new PutObjectTaggingCommand({ ...object, Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }));
    await client.send(new DeleteObjectTaggingCommand(object));
    await client.send(new PutObjectAclCommand({ ...object, ACL: 'private' }));
    const toArchive = { CopySource: `${Bucket}/k`, StorageClass: 'GLACIER' } as const;
    await client.send(new CopyObjectCommand({ ...object, ...toArchive }));
    await client.send(new RestoreObjectCommand({ ...object, RestoreRequest: { Days: 1 } }));
    await client.send(new DeleteObjectCommand(object));
    const expected = [
      'ObjectCreated:Put',
      'ObjectCreated:Copy',
      'ObjectCreated:Post',
      'ObjectCreated:CompleteMultipartUpload',
      'ObjectTagging:Put',
      'ObjectTagging:Delete',
      'ObjectAcl:Put',
      'ObjectCreated:Copy',
      'ObjectRestore:Post',
      'ObjectRemoved:Delete',
    ];
    expect(await told(Bucket, expected.length)).toEqual(expected);
    const sequencers = receiver.recordsOf(Bucket).map(({ s3 }) => s3.object.sequencer);
    expect(sequencers.toSorted()).toEqual(sequencers);
  });

  test('versions: a marker made, and versions removed → with their ids', async () => {
    const Bucket = await bucketTelling();
    const { client } = daemon();
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    const { VersionId: marker } = await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await client.send(
      new DeleteObjectsCommand({
        Bucket,
        Delete: {
          Objects: [
            { Key: 'k', VersionId },
            { Key: 'k', VersionId: marker },
          ],
        },
      }),
    );
    const records = await arrived(Bucket, 4);
    expect(records.map(({ eventName, s3 }) => [eventName, s3.object['versionId']])).toEqual([
      ['ObjectCreated:Put', VersionId],
      ['ObjectRemoved:DeleteMarkerCreated', marker],
      ['ObjectRemoved:Delete', VersionId],
      ['ObjectRemoved:Delete', marker],
    ]);
  });

  test('other keys, other events, refused writes, removals of nothing → nothing', async () => {
    const Bucket = await bucketTelling(['s3:ObjectCreated:Put', 's3:ObjectRemoved:*'], 'in/');
    const { client } = daemon();
    await client.send(new PutObjectCommand({ Bucket, Key: 'out', Body: 'x' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'in/a', Body: 'x' }));
    const again = new PutObjectCommand({ Bucket, Key: 'in/a', Body: 'y', IfNoneMatch: '*' });
    await expect(client.send(again)).rejects.toMatchObject(refusal('PreconditionFailed', 412));
    await client.send(new CopyObjectCommand({ Bucket, Key: 'in/copy', CopySource: `${Bucket}/in/a` }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'in/none' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'in/last', Body: 'x' }));
    const keys = (await arrived(Bucket, 2)).map(({ s3 }) => s3.object.key);
    expect(keys).toEqual(['in/a', 'in/last']);
  });
});

test('a message that is refused → its key waits, in order; others go on; the status says what waits', async () => {
  const Bucket = await bucketTelling();
  const isHeld = (text: string) => text.includes(Bucket) && text.includes('held');
  let isDown = true;
  receiver.takes = (message) => !(isDown && isHeld(JSON.stringify(message)));
  const put = (Key: string) => daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  for (const Key of ['held', 'held', 'free', 'held']) await put(Key);
  const keys = () => receiver.recordsOf(Bucket).map(({ s3 }) => s3.object.key);
  await eventually(() => expect(keys()).toContain('free'));
  await eventually(() => expect(receiver.refused).toBeGreaterThan(1));
  expect(keys()).toEqual(['free']);
  // What was taken, here and by the bus, waits until that is written down.
  await eventually(async () => {
    const { body } = await send({ method: 'GET', path: '/-/status' });
    const { events } = JSON.parse(body) as { events: unknown };
    expect(events).toMatchObject([{ target: queue, waiting: 3, deadLetters: 0, oldestMs: expect.any(Number) }]);
  });
  isDown = false;
  await arrived(Bucket, 4);
  expect(keys()).toEqual(['free', 'held', 'held', 'held']);
  const sequencers = receiver
    .recordsOf(Bucket)
    .slice(1)
    .map(({ s3 }) => s3.object.sequencer);
  expect(sequencers.toSorted()).toEqual(sequencers);
});

/** An action of SQS, as a client that signs calls it. */
async function sqs(action: string, input: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const body = JSON.stringify(input);
  const headers = { host: `127.0.0.1:${daemon().port}`, 'x-amz-target': `AmazonSQS.${action}` };
  const how = { date: new Date(), payload: sha256Hex(body), service: 'sqs' };
  const answer = await sendWire(signHeader({ method: 'POST', path: '/', query: [], headers }, daemon(), how), body);
  return { status: answer.status, body: JSON.parse(answer.body) };
}

test('a queue that a client of SQS makes → rules may name it, its events are fetched, and it goes when it is deleted', async () => {
  const named = { QueueName: 'mine', Attributes: { VisibilityTimeout: '60' } };
  const { QueueUrl } = (await sqs('CreateQueue', named)).body;
  expect((await sqs('CreateQueue', { QueueName: 'mine' })).body).toEqual({ QueueUrl });
  const other = await sqs('CreateQueue', { QueueName: 'mine', Attributes: { VisibilityTimeout: '61' } });
  expect(other).toMatchObject({ status: 400, body: { __type: 'com.amazonaws.sqs#QueueNameExists' } });
  expect((await sqs('ListQueues', {})).body).toEqual({ QueueUrls: [QueueUrl] });
  const { Attributes } = (await sqs('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })).body;
  const arn = 'arn:aws:sqs:us-east-1:000000000000:mine';
  expect(Attributes).toMatchObject({ QueueArn: arn, VisibilityTimeout: '60' });

  const Bucket = await daemon().newBucket();
  const put = new PutBucketNotificationConfigurationCommand({
    Bucket,
    NotificationConfiguration: { QueueConfigurations: [{ QueueArn: arn, Events: ['s3:ObjectCreated:*'] }] },
  });
  await daemon().client.send(put);
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' }));
  const { Messages } = (await sqs('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 })).body;
  expect((Messages as { Body: string }[]).map(({ Body }) => JSON.parse(Body))).toMatchObject([
    { Event: 's3:TestEvent' },
    { Records: [{ s3: { object: { key: 'key' } } }] },
  ]);
  expect((await sqs('DeleteQueue', { QueueUrl })).status).toBe(200);
  expect(await sqs('ReceiveMessage', { QueueUrl })).toMatchObject({
    status: 400,
    body: { __type: 'com.amazonaws.sqs#QueueDoesNotExist' },
  });
  const message = 'Unable to validate the following destination configurations';
  await expect(daemon().client.send(put)).rejects.toMatchObject(refusal('InvalidArgument', 400, { message }));
});

/** The same by SQS's query protocol, as clients before the end of 2023 speak it: a form, answered with XML. */
async function sqsByForm(Action: string, parameters: Record<string, string>, path = '/') {
  const body = new URLSearchParams({ Action, Version: '2012-11-05', ...parameters }).toString();
  const headers = { host: `127.0.0.1:${daemon().port}`, 'content-type': 'application/x-www-form-urlencoded' };
  const how = { date: new Date(), payload: sha256Hex(body), service: 'sqs' };
  const answer = await sendWire(signHeader({ method: 'POST', path, query: [], headers }, daemon(), how), body);
  const xml = answer.body.replace(/ xmlns="http:\/\/queue.amazonaws.com\/doc\/2012-11-05\/"/, '');
  return { status: answer.status, xml: xml.replace(/<RequestId>.+<\/RequestId>/, '<RequestId/>').trim() };
}

test('a client of SQS that sends forms → the same queues, answered with XML', async () => {
  const attribute = { 'Attribute.1.Name': 'VisibilityTimeout', 'Attribute.1.Value': '60' };
  const made = await sqsByForm('CreateQueue', { QueueName: 'older', ...attribute });
  const QueueUrl = `${daemon().endpoint}/000000000000/older`;
  const metadata = '<ResponseMetadata><RequestId/></ResponseMetadata>';
  const url = `<QueueUrl>${QueueUrl}</QueueUrl>`;
  expect(made).toEqual({
    status: 200,
    xml: `<CreateQueueResponse><CreateQueueResult>${url}</CreateQueueResult>${metadata}</CreateQueueResponse>`,
  });
  expect((await sqsByForm('ListQueues', { QueueNamePrefix: 'older' })).xml).toContain(`<ListQueuesResult>${url}</`);

  const Bucket = await daemon().newBucket();
  const rule = { QueueArn: 'arn:aws:sqs:us-east-1:000000000000:older', Events: ['s3:ObjectCreated:*' as const] };
  const NotificationConfiguration = { QueueConfigurations: [rule] };
  await daemon().client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' }));
  const wanted = { MaxNumberOfMessages: '10', 'AttributeName.1': 'ApproximateReceiveCount' };
  const { xml } = await sqsByForm('ReceiveMessage', wanted, '/000000000000/older');
  const found = [...xml.matchAll(/<ReceiptHandle>(.+?)<\/ReceiptHandle>.*?<Body>(.+?)<\/Body><Attribute>(.+?)</g)];
  expect(xml).toMatch(/^<ReceiveMessageResponse><ReceiveMessageResult><Message><MessageId>/);
  expect(xml).toContain('<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute></Message>');
  expect(JSON.parse(found[1]?.[2]?.replaceAll('&quot;', '"') ?? '')).toMatchObject({
    Records: [{ s3: { object: { key: 'key' } } }],
  });
  const [first = '', second = ''] = found.map(([, handle]) => handle);
  const hidden = { QueueUrl, ReceiptHandle: first, VisibilityTimeout: '0' };
  expect((await sqsByForm('ChangeMessageVisibility', hidden)).xml).toBe(
    `<ChangeMessageVisibilityResponse>${metadata}</ChangeMessageVisibilityResponse>`,
  );
  const entry = (at: number, handle: string) => ({
    [`DeleteMessageBatchRequestEntry.${at}.Id`]: `id-${at}`,
    [`DeleteMessageBatchRequestEntry.${at}.ReceiptHandle`]: handle,
  });
  const deleted = await sqsByForm('DeleteMessageBatch', { QueueUrl, ...entry(1, first), ...entry(2, second) });
  const ids = ['id-1', 'id-2'].map(
    (id) => `<DeleteMessageBatchResultEntry><Id>${id}</Id></DeleteMessageBatchResultEntry>`,
  );
  expect(deleted.xml).toContain(`<DeleteMessageBatchResult>${ids.join('')}</DeleteMessageBatchResult>`);
  expect((await sqsByForm('ReceiveMessage', { QueueUrl })).xml).toContain(
    '<ReceiveMessageResult></ReceiveMessageResult>',
  );

  const sent = await sqsByForm('SendMessage', { QueueUrl, MessageBody: 'of a client' });
  expect(sent.xml).toContain('<MD5OfMessageBody>035775c8933186e501e440de132c75d2</MD5OfMessageBody>');
  expect((await sqsByForm('ReceiveMessage', { QueueUrl })).xml).toContain('<Body>of a client</Body>');

  const tags = { 'Tag.1.Key': 'a', 'Tag.1.Value': 'b' };
  expect((await sqsByForm('CreateQueue', { QueueName: 'tagged', ...tags })).status).toBe(200);
  const tagged = { QueueUrl: `${daemon().endpoint}/000000000000/tagged` };
  await sqsByForm('TagQueue', { ...tagged, 'Tag.1.Key': 'c', 'Tag.1.Value': 'd' });
  await sqsByForm('UntagQueue', { ...tagged, 'TagKey.1': 'a' });
  expect((await sqsByForm('ListQueueTags', tagged)).xml).toContain('Result><Tag><Key>c</Key><Value>d</Value></Tag></');
  const permission = { Label: 'more', 'AWSAccountId.1': '000000000000', 'ActionName.1': 'SendMessage' };
  expect((await sqsByForm('AddPermission', { ...tagged, ...permission })).status).toBe(200);

  expect((await sqsByForm('PurgeQueue', { QueueUrl })).status).toBe(200);
  expect((await sqsByForm('DeleteQueue', { QueueUrl })).status).toBe(200);
  const refusedWith = (code: string) =>
    new RegExp(`^<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>`);
  for (const [action, parameters, code] of [
    ['GetQueueUrl', { QueueName: 'older' }, 'AWS.SimpleQueueService.NonExistentQueue'],
    ['SendMessage', { QueueUrl, MessageBody: 'x' }, 'AWS.SimpleQueueService.NonExistentQueue'],
    ['StartMessageMoveTask', { SourceArn: 'arn:aws:sqs:us-east-1:000000000000:x' }, 'ResourceNotFoundException'],
    ['ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 'x' }, 'InvalidParameterValue'],
    ['CreateQueue', { QueueName: 'older', 'Tag.1.Key': 'aws:a', 'Tag.1.Value': 'b' }, 'InvalidParameterValue'],
  ] as const) {
    expect(await sqsByForm(action, parameters)).toEqual({ status: 400, xml: expect.stringMatching(refusedWith(code)) });
  }
});
