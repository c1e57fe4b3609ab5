/** Notification configurations of buckets: how they are put, got and refused. */
import {
  type Event,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { refusal, refusalText } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const topic = 'arn:aws:sns:us-east-1:000000000000:topic';
const lambda = 'arn:aws:lambda:us-east-1:000000000000:function:lambda';
/** Nobody listens there; nothing but test events is ever sent. */
const nowhere = { url: 'http://127.0.0.1:9/', secret: 'a-secret-of-the-test' };
const targets = [queue, topic, lambda].map((arn) => ({ arn, webhook: nowhere }));

const daemon = useDaemon({ config: JSON.stringify({ events: { targets } }) });
const { send } = signedRequests(daemon);

const put = (Bucket: string, NotificationConfiguration: NotificationConfiguration, SkipDestinationValidation = false) =>
  daemon().client.send(
    new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration, SkipDestinationValidation }),
  );

async function get(Bucket: string): Promise<NotificationConfiguration> {
  const { $metadata, ...found } = await daemon().client.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
  return found;
}

/** A rule of a queue. A filter is written `prefix…suffix`. */
function rule(filter: string, Events: Event[] = ['s3:ObjectCreated:*'], Id?: string) {
  const [prefix = '', suffix = ''] = filter.split('…');
  const FilterRules = [
    ...(prefix === '' ? [] : [{ Name: 'prefix' as const, Value: prefix }]),
    ...(suffix === '' ? [] : [{ Name: 'suffix' as const, Value: suffix }]),
  ];
  return {
    QueueArn: queue,
    Events,
    ...(Id !== undefined && { Id }),
    ...(FilterRules.length > 0 && { Filter: { Key: { FilterRules } } }),
  };
}

describe('a configuration', () => {
  test('none → an empty document; put → got as it was put, ids given where there are none; put empty → none again', async () => {
    const Bucket = await daemon().newBucket();
    expect(await get(Bucket)).toEqual({});
    const events: Event[] = ['s3:ObjectCreated:Put', 's3:ObjectRemoved:*'];
    const filter = (Name: 'prefix' | 'suffix', Value: string) => ({ Key: { FilterRules: [{ Name, Value }] } });
    await put(Bucket, {
      TopicConfigurations: [{ TopicArn: topic, Events: events, Id: 'a', Filter: filter('prefix', 'pictures/') }],
      QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectTagging:*'] }],
      LambdaFunctionConfigurations: [{ LambdaFunctionArn: lambda, Events: ['s3:ObjectAcl:Put'], Id: 'b' }],
    });
    expect(await get(Bucket)).toEqual({
      TopicConfigurations: [
        {
          ...{ TopicArn: topic, Events: events, Id: 'a' },
          Filter: { Key: { FilterRules: [{ Name: 'Prefix', Value: 'pictures/' }] } },
        },
      ],
      QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectTagging:*'], Id: expect.stringMatching(/^.{48}$/) }],
      LambdaFunctionConfigurations: [{ LambdaFunctionArn: lambda, Events: ['s3:ObjectAcl:Put'], Id: 'b' }],
    });
    await put(Bucket, {});
    expect(await get(Bucket)).toEqual({});
  });

  test('names of filters in any case → taken; another name → InvalidArgument', async () => {
    const Bucket = await daemon().newBucket();
    const document = (name: string) =>
      `<NotificationConfiguration><QueueConfiguration><Queue>${queue}</Queue><Event>s3:ObjectCreated:*</Event><Filter><S3Key>` +
      `<FilterRule><Name>${name}</Name><Value>a</Value></FilterRule></S3Key></Filter></QueueConfiguration></NotificationConfiguration>`;
    const putText = (name: string) =>
      send({ method: 'PUT', path: `/${Bucket}`, query: [['notification', '']], body: document(name) });
    for (const name of ['prefix', 'Prefix', 'SUFFIX']) expect((await putText(name)).status).toBe(200);
    const refused = await putText('middle');
    expect(refused.status).toBe(400);
    expect(refused.body).toContain('<Message>filter rule name must be either prefix or suffix</Message>');
  });

  test('an event bus where none is configured → NotImplemented', async () => {
    const Bucket = await daemon().newBucket();
    await expect(put(Bucket, { EventBridgeConfiguration: {} })).rejects.toMatchObject(refusal('NotImplemented', 501));
  });
});

describe('refused', () => {
  const overlap =
    'InvalidArgument: Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.';
  const shared =
    'InvalidArgument: Configurations overlap. Configurations on the same bucket cannot share a common event type.';
  const notParsed = 'InvalidArgument: The ARN could not be parsed';
  const numbered = (count: number) => Array.from({ length: count }, (_, at) => rule(`${at}/`));
  const unknownEvent = 'InvalidArgument: A specified event is not supported for notifications.';
  const unknownTarget = 'InvalidArgument: Unable to validate the following destination configurations';

  test.for([
    ['one prefix begins with the other', [rule('a'), rule('ab')], overlap],
    ['prefixes and suffixes overlap', [rule('a….jpg'), rule('ab…g')], overlap],
    ['a prefix alone and a suffix alone', [rule('a'), rule('….jpg')], overlap],
    ['one event, and all of its kind', [rule('a', ['s3:ObjectCreated:Put']), rule('a')], overlap],
    ['what is the same once decoded', [rule('a+b'), rule('a%20b')], overlap],
    [
      'no filters',
      [rule('', ['s3:ObjectCreated:*'], 'x'), rule('', ['s3:ObjectCreated:*'], 'y')],
      'InvalidArgument: Configurations overlap. Configurations on the same bucket cannot share a common event type. : [x, y]',
    ],
    ['prefixes that do not overlap', [rule('a'), rule('b')], 'none'],
    ['suffixes that do not overlap', [rule('a….jpg'), rule('a….png')], 'none'],
    ['events that differ', [rule('a'), rule('a', ['s3:ObjectRemoved:*'])], 'none'],
    ['an unknown event', [rule('', ['s3:ObjectCreated:Invented' as Event])], unknownEvent],
    ['an event that S3 does not have for rules', [rule('', ['s3:*' as Event])], unknownEvent],
    ['the loss of an object', [rule('', ['s3:ReducedRedundancyLostObject'])], 'none'],
    ['a restore, its end and that of its copy', [rule('', ['s3:ObjectRestore:*'])], 'none'],
    [
      'an id twice',
      [rule('a', undefined, 'x'), rule('b', undefined, 'x')],
      'InvalidArgument: Same ID used for multiple configurations. IDs must be unique',
    ],
    ['an event twice', [rule('', ['s3:ObjectCreated:Put', 's3:ObjectCreated:Put'])], shared],
    ['an event, and all of its kind in one rule', [rule('', ['s3:ObjectCreated:*', 's3:ObjectCreated:Put'])], shared],
    ['a hundred rules', numbered(100), 'none'],
    [
      'more than a hundred',
      numbered(101),
      'InvalidRequest: Too many configurations submitted. The maximum number of configurations is 100',
    ],
    ['a target that is none', [{ ...rule(''), QueueArn: `${queue}-other` }], unknownTarget],
    [
      'a target that is none, of another region',
      [{ ...rule(''), QueueArn: queue.replace('us-east-1', 'eu-west-1') }],
      'InvalidArgument: The notification destination service region is not valid for the bucket location constraint',
    ],
    ['a topic where a queue belongs', [{ ...rule(''), QueueArn: topic }], notParsed],
    [
      'a FIFO queue',
      [{ ...rule(''), QueueArn: `${queue}.fifo` }],
      'InvalidArgument: FIFO SQS queues are not supported.',
    ],
    ['no ARN', [{ ...rule(''), QueueArn: 'queue' }], notParsed],
  ] as const)('%s → %s', async ([, rules, expected]) => {
    const Bucket = await daemon().newBucket();
    expect(await refusalText(put(Bucket, { QueueConfigurations: [...rules] }))).toBe(expected);
    expect(await get(Bucket)).toEqual(expected === 'none' ? expect.objectContaining({}) : {});
  });

  test('several targets that are none → all are named; a topic where a queue belongs → refused, validation skipped or not', async () => {
    const Bucket = await daemon().newBucket();
    const absent = (name: string, filter: string) => ({ ...rule(filter), QueueArn: `${queue}-${name}` });
    await expect(put(Bucket, { QueueConfigurations: [absent('a', 'a'), absent('b', 'b')] })).rejects.toMatchObject({
      ArgumentName1: `${queue}-a`,
      ArgumentValue1: 'The destination queue does not exist',
      ArgumentName2: `${queue}-b`,
    });
    await expect(put(Bucket, { QueueConfigurations: [absent('a', 'a')] })).rejects.toMatchObject({
      ArgumentName: `${queue}-a`,
      ArgumentValue: 'The destination queue does not exist',
    });
    const elsewhere = put(Bucket, { QueueConfigurations: [{ ...rule(''), QueueArn: topic }] }, true);
    await expect(elsewhere).rejects.toMatchObject({ ArgumentName: 'Queue', ArgumentValue: topic });
  });

  test('a target that is none, its validation skipped → taken, and no test event is sent to it', async () => {
    const Bucket = await daemon().newBucket();
    const QueueArn = `${queue}-later`;
    await put(Bucket, { QueueConfigurations: [{ ...rule(''), QueueArn }] }, true);
    expect((await get(Bucket)).QueueConfigurations).toMatchObject([{ QueueArn }]);
    const { body } = await send({ method: 'GET', path: '/-/status' });
    expect(body).toContain('"events":');
    expect(body).not.toContain(QueueArn);
  });
});
