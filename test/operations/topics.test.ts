/** SNS on the same port: topics, whom they send to, who may publish, and events of buckets on their way through them. */

import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { PutBucketNotificationConfigurationCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import {
  ConfirmSubscriptionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
  type SubscribeCommandInput,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { EventReceiver, type ReceivedMessage } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { sha256Hex, signHeader } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const filteredQueue = 'arn:aws:sqs:us-east-1:000000000000:filtered';
const receiver = await EventReceiver.open();
afterAll(() => receiver[Symbol.asyncDispose]());
const targets = [
  { arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } },
  { arn: 'arn:aws:sqs:us-east-1:000000000000:kept', queue: {} },
  { arn: filteredQueue, queue: {} },
];
const daemon = useDaemon({ config: JSON.stringify({ events: { targets } }) });
const { send, sendWire } = signedRequests(daemon);
let sns: SNSClient;
let made = 0;

const clientOf = (credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }) =>
  new SNSClient({ endpoint: daemon().endpoint, region, credentials, maxAttempts: 1 });
beforeAll(() => {
  sns = clientOf(rootKey);
});

async function newTopic(): Promise<string> {
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: `topic-${made++}` }));
  return TopicArn;
}

/** What has come of a topic, by its envelope. */
function arrivedOf(topic: string, type: string): ReceivedMessage[] {
  const messages = receiver.taken.map(({ message }) => message);
  return messages.filter(({ TopicArn, Type }) => TopicArn === topic && Type === type);
}

/** Up to ten messages of a queue here, as SQS gives them out. */
async function received(queueArn: string): Promise<readonly ReceivedMessage[]> {
  const QueueUrl = `${daemon().endpoint}/000000000000/${queueArn.split(':').at(-1)}`;
  const body = JSON.stringify({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] });
  const headers = { host: `127.0.0.1:${daemon().port}`, 'x-amz-target': 'AmazonSQS.ReceiveMessage' };
  const how = { date: new Date(), payload: sha256Hex(body), service: 'sqs' };
  const request = signHeader({ method: 'POST', path: '/', query: [], headers }, daemon(), how);
  const { Messages = [] } = JSON.parse((await sendWire(request, body)).body) as { Messages?: ReceivedMessage[] };
  return Messages;
}

const subscribe = (TopicArn: string, input: Partial<SubscribeCommandInput> = {}) =>
  sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queue, ...input }));

/** Subscribes the receiver by HTTP, and follows the link that it is sent. */
async function subscribeByHttp(topic: string): Promise<string> {
  const { SubscriptionArn } = await subscribe(topic, { Protocol: 'http', Endpoint: receiver.url });
  expect(SubscriptionArn).toBe('pending confirmation');
  const [asked] = await eventually(() => {
    const found = arrivedOf(topic, 'SubscriptionConfirmation');
    expect(found).toHaveLength(1);
    return found;
  });
  const confirmed = await fetch(String(asked?.['SubscribeURL']));
  const [, arn = ''] = /<SubscriptionArn>(.+)<\/SubscriptionArn>/.exec(await confirmed.text()) ?? [];
  return arn;
}

async function bucketTelling(TopicArn: string): Promise<string> {
  const Bucket = await daemon().newBucket();
  const NotificationConfiguration = { TopicConfigurations: [{ TopicArn, Events: ['s3:ObjectCreated:*' as const] }] };
  await daemon().client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
  return Bucket;
}

describe('topics', () => {
  test('made → listed, with attributes; made again → the same; gone → not found, and gone again is no error', async () => {
    const topic = await newTopic();
    const Name = topic.split(':').at(-1) ?? '';
    expect(topic).toBe(`arn:aws:sns:${region}:000000000000:${Name}`);
    expect(await newTopic()).not.toBe(topic);
    const again = await sns.send(new CreateTopicCommand({ Name }));
    expect(again.TopicArn).toBe(topic);
    const other = await sns.send(new CreateTopicCommand({ Name: Name.toUpperCase() }));
    expect(other.TopicArn).not.toBe(topic);
    const { Topics = [] } = await sns.send(new ListTopicsCommand({}));
    expect(Topics.map(({ TopicArn }) => TopicArn)).toEqual(expect.arrayContaining([topic, other.TopicArn]));

    const set = { TopicArn: topic, AttributeName: 'DisplayName', AttributeValue: 'A & B' };
    await sns.send(new SetTopicAttributesCommand(set));
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
    expect(Attributes).toMatchObject({ TopicArn: topic, Owner: '000000000000', DisplayName: 'A & B' });
    expect(JSON.parse(Attributes?.['Policy'] ?? '')).toMatchObject({ Id: '__default_policy_ID' });

    await sns.send(new DeleteTopicCommand({ TopicArn: topic }));
    await sns.send(new DeleteTopicCommand({ TopicArn: topic }));
    const gone = sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
    await expect(gone).rejects.toMatchObject(refusal('NotFoundException', 404));
  });

  test('more than a page of them → every one comes once', async () => {
    for (let count = 0; count < 101; count++) await newTopic();
    const first = await sns.send(new ListTopicsCommand({}));
    const second = await sns.send(new ListTopicsCommand({ NextToken: first.NextToken }));
    const arns = [...(first.Topics ?? []), ...(second.Topics ?? [])].map(({ TopicArn }) => TopicArn);
    expect(first.Topics).toHaveLength(100);
    expect(second.NextToken).toBeUndefined();
    expect(new Set(arns).size).toBe(arns.length);
    expect(arns.length).toBeGreaterThan(100);
  });

  test.for([
    [{ Name: 'a.fifo' }, 'InvalidParameterException'],
    [{ Name: 'a', Attributes: { FifoTopic: 'true' } }, 'InvalidParameterException'],
    [{ Name: 'a', Attributes: { Policy: '{"Statement":[]}' } }, 'InvalidParameterException'],
    [{ Name: 'a', Tags: [{ Key: 'aws:k', Value: 'v' }] }, 'InvalidParameterException'],
    [{ Name: 'a', DataProtectionPolicy: '{}' }, 'NotImplemented'],
  ] as const)('made with %o → %s', async ([input, code]) => {
    const refused = sns.send(new CreateTopicCommand(structuredClone(input) as { Name: string }));
    await expect(refused).rejects.toMatchObject({ name: code });
  });
});

describe('subscriptions', () => {
  test('by HTTP → asked first, then told of events in an envelope until the link in it is followed', async () => {
    const topic = await newTopic();
    const arn = await subscribeByHttp(topic);
    const Bucket = await bucketTelling(topic);
    expect(arn.startsWith(`${topic}:`)).toBe(true);
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'a key', Body: 'x' }));
    // Beside the test event of the bucket.
    const told = await eventually(() => {
      const found = arrivedOf(topic, 'Notification').find(({ Message }) => String(Message).includes('Records'));
      expect(found).toBeDefined();
      return found;
    });
    expect(told).toMatchObject({ Subject: 'Amazon S3 Notification', TopicArn: topic });
    const { Records = [] } = JSON.parse(String(told?.['Message'])) as ReceivedMessage;
    expect(Records[0]).toMatchObject({ eventName: 'ObjectCreated:Put', s3: { object: { key: 'a+key' } } });
    const sent = receiver.taken.find(({ message }) => message === told);
    expect(sent?.headers).toMatchObject({
      'x-amz-sns-message-type': 'Notification',
      'x-amz-sns-topic-arn': topic,
      'x-amz-sns-subscription-arn': arn,
      'x-amz-sns-message-id': told?.['MessageId'],
    });
    await fetch(String(told?.['UnsubscribeURL']));
    const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }));
    expect(Subscriptions).toEqual([]);
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
    expect(Attributes).toMatchObject({ SubscriptionsConfirmed: '0', SubscriptionsDeleted: '1' });

    // Once more: there is nothing to end any more, nor does the link that confirmed it take that back.
    await fetch(String(told?.['UnsubscribeURL']));
    const [first] = arrivedOf(topic, 'SubscriptionConfirmation');
    expect((await fetch(String(first?.['SubscribeURL']))).status).toBe(400);
    const [asked] = await eventually(() => {
      const found = arrivedOf(topic, 'UnsubscribeConfirmation');
      expect(found).toHaveLength(1);
      return found;
    });
    expect(asked?.['Message']).toContain(`You have chosen to deactivate subscription ${arn}.`);
    await fetch(String(asked?.['SubscribeURL']));
    await sns.send(new PublishCommand({ TopicArn: topic, Message: 'again' }));
    await eventually(() => expect(arrivedOf(topic, 'Notification').at(-1)?.['Message']).toBe('again'));
    const restored = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
    expect(restored.Attributes).toMatchObject({ SubscriptionsConfirmed: '1', SubscriptionsDeleted: '0' });
    await sns.send(new UnsubscribeCommand({ SubscriptionArn: arn }));
    await fetch(String(asked?.['SubscribeURL']));
    const gone = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topic }));
    expect(gone.Subscriptions).toEqual([]);
    expect(arrivedOf(topic, 'UnsubscribeConfirmation')).toHaveLength(1);
  });

  test('not confirmed → pending, and told nothing; asked again → either token confirms, also twice, a wrong one not', async () => {
    const topic = await newTopic();
    for (const _ of 'ab') await subscribe(topic, { Protocol: 'http', Endpoint: receiver.url });
    await subscribe(topic);
    const wrong = sns.send(new ConfirmSubscriptionCommand({ TopicArn: topic, Token: 'wrong' }));
    await expect(wrong).rejects.toMatchObject(refusal('InvalidParameterException', 400));
    await sns.send(new PublishCommand({ TopicArn: topic, Message: 'm' }));
    await eventually(() => expect(arrivedOf(topic, 'Notification')).toHaveLength(1));
    const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
    expect(Attributes).toMatchObject({ SubscriptionsPending: '1', SubscriptionsConfirmed: '1' });
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsCommand({}));
    const own = Subscriptions.filter(({ TopicArn }) => TopicArn === topic);
    expect(own.map(({ SubscriptionArn }) => SubscriptionArn)).toContain('PendingConfirmation');
    await eventually(() => expect(arrivedOf(topic, 'SubscriptionConfirmation')).toHaveLength(2));
    const asked = arrivedOf(topic, 'SubscriptionConfirmation').map(({ Token }) => String(Token));
    const answers = [...asked, ...asked].map((Token) =>
      sns.send(new ConfirmSubscriptionCommand({ TopicArn: topic, Token })),
    );
    expect(new Set((await Promise.all(answers)).map(({ SubscriptionArn }) => SubscriptionArn)).size).toBe(1);
  });

  test('a queue → at once, in an envelope or raw as it says; ended → no more', async () => {
    const topic = await newTopic();
    const { SubscriptionArn = '' } = await subscribe(topic);
    const { MessageId } = await sns.send(new PublishCommand({ TopicArn: topic, Message: 'first', Subject: 'S' }));
    await eventually(() => {
      expect(arrivedOf(topic, 'Notification')).toMatchObject([{ MessageId, Message: 'first', Subject: 'S' }]);
    });
    const raw = { SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'true' };
    await sns.send(new SetSubscriptionAttributesCommand(raw));
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes).toMatchObject({ RawMessageDelivery: 'true', PendingConfirmation: 'false', Endpoint: queue });
    const message = JSON.stringify({ of: topic });
    const both = JSON.stringify({ default: 'other', sqs: message });
    await sns.send(
      new PublishBatchCommand({
        TopicArn: topic,
        PublishBatchRequestEntries: [{ Id: '1', Message: both, MessageStructure: 'json' }],
      }),
    );
    await eventually(() => expect(receiver.taken.map(({ text }) => text)).toContain(message));
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await sns.send(new PublishCommand({ TopicArn: topic, Message: 'none' }));
    const gone = sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    await expect(gone).rejects.toMatchObject(refusal('NotFoundException', 404));
  });

  test('message attributes → in the envelope, and raw as those of the message in a queue; of no type → refused', async () => {
    const topic = await newTopic();
    const queueArn = 'arn:aws:sqs:us-east-1:000000000000:kept';
    await subscribe(topic);
    await subscribe(topic, { Endpoint: queueArn, Attributes: { RawMessageDelivery: 'true' } });
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'a' },
      bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
    };
    await sns.send(new PublishCommand({ TopicArn: topic, Message: 'm', MessageAttributes }));
    await sns.send(
      new PublishBatchCommand({
        TopicArn: topic,
        PublishBatchRequestEntries: [{ Id: '1', Message: 'm', MessageAttributes }],
      }),
    );
    const expected = { kind: { Type: 'String', Value: 'a' }, bytes: { Type: 'Binary', Value: 'AP8=' } };
    await eventually(() => {
      const told = arrivedOf(topic, 'Notification').map((message) => message['MessageAttributes']);
      expect(told).toEqual([expected, expected]);
    });
    const Messages = await received(queueArn);
    const own = { kind: MessageAttributes.kind, bytes: { DataType: 'Binary', BinaryValue: 'AP8=' } };
    expect(Messages).toMatchObject([
      { Body: 'm', MessageAttributes: own },
      { Body: 'm', MessageAttributes: own },
    ]);
    const wrong = { TopicArn: topic, Message: 'm', MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } };
    await expect(sns.send(new PublishCommand(wrong))).rejects.toMatchObject(
      refusal('InvalidParameterValueException', 400),
    );
  });

  test('filter policies → only what meets them, of messages and of events; other attributes stay as they are', async () => {
    const topic = await newTopic();
    const Attributes = { RawMessageDelivery: 'true', FilterPolicy: '{"kind":["a"]}' };
    const { SubscriptionArn = '' } = await subscribe(topic, { Endpoint: filteredQueue, Attributes });
    const publish = (Message: string, StringValue: string) =>
      sns.send(
        new PublishCommand({
          ...{ TopicArn: topic, Message },
          MessageAttributes: { kind: { DataType: 'String', StringValue } },
        }),
      );
    await publish('not met', 'b');
    await publish('met', 'a');
    expect(await received(filteredQueue)).toMatchObject([{ Body: 'met' }]);

    const set = (AttributeName: string, AttributeValue: string) =>
      sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
    const message = 'Invalid parameter: FilterPolicy: "kind" must be an object or an array';
    await expect(set('FilterPolicy', '{"kind":"a"}')).rejects.toMatchObject({ message });
    const policy = JSON.stringify({ Records: { s3: { object: { key: [{ suffix: '.jpg' }] } } } });
    await set('FilterPolicyScope', 'MessageBody');
    await set('FilterPolicy', policy);
    const { Attributes: now } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(now).toMatchObject({ RawMessageDelivery: 'true', FilterPolicy: policy, FilterPolicyScope: 'MessageBody' });
    const again = subscribe(topic, { Endpoint: filteredQueue });
    await expect(again).rejects.toMatchObject(refusal('InvalidParameterException', 400));

    const Bucket = await bucketTelling(topic);
    for (const Key of ['a.txt', 'b.jpg']) await daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await eventually(async () => {
      const [first, ...others] = await received(filteredQueue);
      expect(JSON.parse(String(first?.['Body']))).toMatchObject({ Records: [{ s3: { object: { key: 'b.jpg' } } }] });
      expect(others).toEqual([]);
    });
  });

  test.for([
    { Protocol: 'email', Endpoint: 'a@example.org' },
    { Protocol: 'https', Endpoint: 'http://127.0.0.1/' },
    { Endpoint: 'arn:aws:sqs:us-east-1:000000000000:none' },
    { Attributes: { FilterPolicy: '{"a":"b"}' } },
    { Attributes: { FilterPolicy: '{"a":{"b":[1]}}' } },
    { Attributes: { FilterPolicyScope: 'Message' } },
    { Attributes: { DeliveryPolicy: '{}' } },
  ])('%o → refused', async (input) => {
    const refused = subscribe(await newTopic(), input);
    await expect(refused).rejects.toMatchObject(refusal('InvalidParameterException', 400));
  });
});

describe('who may', () => {
  const policyOf = (TopicArn: string, statement: object) =>
    sns.send(
      new SetTopicAttributesCommand({
        TopicArn,
        AttributeName: 'Policy',
        AttributeValue: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'sns:Publish', Resource: TopicArn, ...statement }],
        }),
      }),
    );
  const service = { Principal: { Service: 's3.amazonaws.com' } };

  test('a policy that denies S3 → rules that name the topic are refused, until it does not', async () => {
    const topic = await newTopic();
    await policyOf(topic, { ...service, Effect: 'Deny' });
    const put = bucketTelling(topic);
    const message = 'Unable to validate the following destination configurations';
    await expect(put).rejects.toMatchObject(refusal('InvalidArgument', 400, { message }));
    await policyOf(topic, {
      ...service,
      Effect: 'Deny',
      Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::no' } },
    });
    await bucketTelling(topic);
  });

  test('it comes to deny a bucket → its events wait and are tried again', async () => {
    const topic = await newTopic();
    await subscribe(topic);
    const Bucket = await bucketTelling(topic);
    await eventually(() => expect(arrivedOf(topic, 'Notification')).toHaveLength(1));
    await policyOf(topic, {
      ...{ ...service, Effect: 'Deny' },
      Condition: { ArnEquals: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
    });
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'key', Body: 'x' }));
    await eventually(async () => {
      const { body } = await send({ method: 'GET', path: '/-/status' });
      const { events } = JSON.parse(body) as { events: unknown };
      expect(events).toContainEqual(expect.objectContaining({ target: topic, waiting: 1 }));
    });
    await policyOf(topic, service);
    await eventually(() => expect(arrivedOf(topic, 'Notification')).toHaveLength(2));
  });

  test('a user → nothing, unless its policies or the topic says so; a policy that names nobody → refused', async () => {
    const topic = await newTopic();
    const iam = new IAMClient({ endpoint: daemon().endpoint, region, credentials: rootKey, maxAttempts: 1 });
    await iam.send(new CreateUserCommand({ UserName: 'publisher' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'publisher' }));
    const user = clientOf({
      accessKeyId: AccessKey?.AccessKeyId ?? '',
      secretAccessKey: AccessKey?.SecretAccessKey ?? '',
    });
    const denied = refusal('AuthorizationErrorException', 403);
    await expect(user.send(new ListTopicsCommand({}))).rejects.toMatchObject(denied);
    await policyOf(topic, { Principal: { AWS: 'arn:aws:iam::000000000000:user/publisher' } });
    await user.send(new PublishCommand({ TopicArn: topic, Message: 'm' }));
    await expect(user.send(new DeleteTopicCommand({ TopicArn: topic }))).rejects.toMatchObject(denied);
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'SNS:*', Resource: '*' }],
    });
    await iam.send(new PutUserPolicyCommand({ UserName: 'publisher', PolicyName: 'p', PolicyDocument }));
    await user.send(new DeleteTopicCommand({ TopicArn: topic }));
    const nobody = policyOf(await newTopic(), { Principal: { AWS: 'arn:aws:iam::000000000000:user/nobody' } });
    await expect(nobody).rejects.toMatchObject(refusal('InvalidParameterException', 400));
  });
});
