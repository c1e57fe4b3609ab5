/** Intelligent-Tiering: condition → configurations, and what clients see of objects in archive tiers. */
import {
  CopyObjectCommand,
  DeleteBucketIntelligentTieringConfigurationCommand,
  GetBucketIntelligentTieringConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type IntelligentTieringConfiguration,
  type IntelligentTieringFilter,
  ListBucketIntelligentTieringConfigurationsCommand,
  ListObjectsV2Command,
  PutBucketIntelligentTieringConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type RestoreRequest,
  type Tiering,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, test } from 'vitest';
import { EventReceiver } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { runJob } from '../support/job-runs.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const receiver = await EventReceiver.open();
afterAll(() => receiver[Symbol.asyncDispose]());
/** Ninety days are over after a second. */
const dayLengthMs = 12;
const daemon = useDaemon({
  config: JSON.stringify({
    time: { dayLength: `${dayLengthMs}ms` },
    events: { targets: [{ arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } }] },
  }),
});

const { send } = signedRequests(daemon);

const archive = (Days: number): Tiering => ({ AccessTier: 'ARCHIVE_ACCESS', Days });
const deep = (Days: number): Tiering => ({ AccessTier: 'DEEP_ARCHIVE_ACCESS', Days });
const configuration = (Id: string, different: Partial<IntelligentTieringConfiguration> = {}) => ({
  ...{ Id, Status: 'Enabled' as const, Tierings: [archive(90)] },
  ...different,
});
const put = (
  Bucket: string,
  IntelligentTieringConfiguration: IntelligentTieringConfiguration,
  Id = IntelligentTieringConfiguration.Id,
) =>
  daemon().client.send(
    new PutBucketIntelligentTieringConfigurationCommand({ Bucket, Id, IntelligentTieringConfiguration }),
  );
const get = async (Bucket: string, Id: string) =>
  (await daemon().client.send(new GetBucketIntelligentTieringConfigurationCommand({ Bucket, Id })))
    .IntelligentTieringConfiguration;
const remove = (Bucket: string, Id: string) =>
  daemon().client.send(new DeleteBucketIntelligentTieringConfigurationCommand({ Bucket, Id }));
const list = (Bucket: string, ContinuationToken?: string) =>
  daemon().client.send(new ListBucketIntelligentTieringConfigurationsCommand({ Bucket, ContinuationToken }));

describe('configurations', () => {
  const tag = (Key: string) => ({ Key, Value: 'v' });

  test.each<[string, IntelligentTieringFilter | undefined]>([
    ['no filter', undefined],
    ['a prefix', { Prefix: 'a/' }],
    ['a tag', { Tag: tag('t') }],
    ['a prefix and a tag', { And: { Prefix: 'a/', Tags: [tag('t')] } }],
    ['two tags', { And: { Tags: [tag('t'), tag('u')] } }],
  ])('%s → got as it was put; put again → replaced; deleted → gone', async (_, Filter) => {
    const Bucket = await daemon().newBucket();
    const whole = configuration('a.B-1_x', { Tierings: [archive(90), deep(730)], ...(Filter && { Filter }) });
    await put(Bucket, whole);
    expect(await get(Bucket, 'a.B-1_x')).toEqual(whole);
    const other = configuration('a.B-1_x', { Status: 'Disabled', Tierings: [deep(180)] });
    await put(Bucket, other);
    expect(await get(Bucket, 'a.B-1_x')).toEqual(other);
    await remove(Bucket, 'a.B-1_x');
    await expect(get(Bucket, 'a.B-1_x')).rejects.toMatchObject(refusal('NoSuchConfiguration', 404));
    await expect(remove(Bucket, 'a.B-1_x')).rejects.toMatchObject(refusal('NoSuchConfiguration', 404));
    expect(await list(Bucket)).toMatchObject({ IsTruncated: false });
  });

  test('more than a page of them → listed in order of id, page by page; a foreign token → InvalidArgument', async () => {
    const Bucket = await daemon().newBucket();
    const ids = Array.from({ length: 105 }, (_, i) => `id-${i}`);
    await Promise.all(ids.map((id) => put(Bucket, configuration(id, { Status: 'Disabled' }))));
    const first = await list(Bucket);
    const second = await list(Bucket, first.NextContinuationToken);
    expect([first.IsTruncated, second.IsTruncated]).toEqual([true, false]);
    const pages = [first, second].map(({ IntelligentTieringConfigurationList: page = [] }) => page);
    expect(pages[0]).toHaveLength(100);
    expect(pages.flat().map(({ Id }) => Id)).toEqual(ids.toSorted());
    await expect(list(Bucket, 'token')).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });

  const tooFew = (tier: string, days: number) => `Days specified in ${tier} tier should not be less than ${days}.`;
  test.each<[string, IntelligentTieringConfiguration, string, string?]>([
    ['an id with a slash', configuration('a/b'), 'InvalidConfigurationId'],
    ['no tiers', configuration('a', { Tierings: [] }), 'MalformedXML'],
    ['89 days', configuration('a', { Tierings: [archive(89)] }), 'InvalidArgument', tooFew('ARCHIVE_ACCESS', 90)],
    ['179 days', configuration('a', { Tierings: [deep(179)] }), 'InvalidArgument', tooFew('DEEP_ARCHIVE_ACCESS', 180)],
    ['731 days', configuration('a', { Tierings: [archive(731)] }), 'InvalidArgument'],
    ['a tier twice', configuration('a', { Tierings: [archive(90), archive(100)] }), 'InvalidArgument'],
    ['the deeper one first', configuration('a', { Tierings: [archive(200), deep(200)] }), 'InvalidArgument'],
    [
      'a tier that is none',
      configuration('a', { Tierings: [{ ...archive(90), AccessTier: 'X' as never }] }),
      'MalformedXML',
    ],
    ['a status that is none', configuration('a', { Status: 'On' as never }), 'MalformedXML'],
    ['two conditions', configuration('a', { Filter: { Prefix: 'a', Tag: tag('t') } }), 'MalformedXML'],
    ['And of one', configuration('a', { Filter: { And: { Prefix: 'a' } } }), 'MalformedXML'],
    ['an empty filter', configuration('a', { Filter: {} }), 'MalformedXML'],
    ['an empty prefix', configuration('a', { Filter: { Prefix: '' } }), 'InvalidArgument'],
    ['a tag twice', configuration('a', { Filter: { And: { Tags: [tag('t'), tag('t')] } } }), 'InvalidTag'],
  ])('%s → %3$s', async (_, wrong, name, message) => {
    const Bucket = await daemon().newBucket();
    const refused = refusal(name, 400, message === undefined ? {} : { message });
    await expect(put(Bucket, wrong)).rejects.toMatchObject(refused);
    expect((await list(Bucket)).IntelligentTieringConfigurationList).toBeUndefined();
  });

  test('another id than that of the request → MalformedXML', async () => {
    const Bucket = await daemon().newBucket();
    await expect(put(Bucket, configuration('a'), 'b')).rejects.toMatchObject(refusal('MalformedXML', 400));
  });
});

describe('objects', () => {
  const restore = (Bucket: string, Key: string, request: RestoreRequest) =>
    daemon().client.send(new RestoreObjectCommand({ Bucket, Key, RestoreRequest: request }));
  const head = (Bucket: string, Key: string) => daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
  const read = async (Bucket: string, Key: string) =>
    (await daemon().client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray();

  /** How many reads the server has written down since its start, with all that were answered before. */
  const readsNoted = async () => Number((await runJob({ send }, 'intelligent-tiering'))['readsNoted']);

  /** Of the reads on one day, only the first is noted, and none on the day of the write. */
  async function nextDay(): Promise<void> {
    const day = () => Math.floor(Date.now() / dayLengthMs);
    const today = day();
    await eventually(() => expect(day()).toBeGreaterThan(today));
  }

  test('read, or copied from → noted; HEAD → not', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    const Body = Buffer.alloc(128 * 1024, 'x');
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body, StorageClass: 'INTELLIGENT_TIERING' }));
    const copy = () => client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k` }));
    for (const [access, noted] of [
      [() => read(Bucket, 'k'), 1],
      [copy, 1],
      [() => head(Bucket, 'k'), 0],
    ] as const) {
      const before = await readsNoted();
      await nextDay();
      await access();
      expect(await readsNoted()).toBe(before + noted);
    }
  });

  test('not read for 90 days → archived, told of, refused until it is restored, and then read for good', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    const QueueConfigurations = [{ QueueArn: queue, Events: ['s3:IntelligentTiering' as const] }];
    const NotificationConfiguration = { QueueConfigurations };
    await client.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    const Body = Buffer.alloc(128 * 1024, 'x');
    const written = { Bucket, StorageClass: 'INTELLIGENT_TIERING' as const };
    await client.send(new PutObjectCommand({ ...written, Key: 'small', Body: Body.subarray(1) }));
    await client.send(new PutObjectCommand({ ...written, Key: 'k', Body }));
    await put(Bucket, configuration('archives'));
    await eventually(async () => expect((await head(Bucket, 'k')).ArchiveStatus).toBe('ARCHIVE_ACCESS'));
    expect((await head(Bucket, 'small')).ArchiveStatus).toBeUndefined();
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ StorageClass }) => StorageClass)).toEqual(['INTELLIGENT_TIERING', 'INTELLIGENT_TIERING']);
    const place = { StorageClass: 'INTELLIGENT_TIERING', AccessTier: 'ARCHIVE_ACCESS' };
    await expect(read(Bucket, 'k')).rejects.toMatchObject(
      refusal('InvalidObjectState', 403, {
        message: "The operation is not valid for the object's access tier",
        ...place,
      }),
    );
    const copy = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k` });
    await expect(client.send(copy)).rejects.toMatchObject(
      refusal('InvalidObjectState', 403, {
        message: "Operation is not valid for the source object's access tier",
        ...place,
      }),
    );
    await eventually(() => {
      const told = receiver.taken.flatMap(({ message }) => message.Records ?? []);
      expect(told).toMatchObject([
        {
          eventVersion: '2.5',
          eventName: 'IntelligentTiering',
          s3: { object: { key: 'k', size: Body.length } },
          intelligentTieringEventData: { destinationAccessTier: 'ARCHIVE_ACCESS' },
        },
      ]);
    });

    await remove(Bucket, 'archives');
    await expect(restore(Bucket, 'k', { Days: 1 })).rejects.toMatchObject(refusal('InvalidArgument', 400));
    expect((await restore(Bucket, 'k', {})).$metadata.httpStatusCode).toBe(202);
    expect(await eventually(() => read(Bucket, 'k'))).toHaveLength(Body.length);
    const restored = await head(Bucket, 'k');
    expect(restored).toMatchObject({ StorageClass: 'INTELLIGENT_TIERING' });
    expect([restored.ArchiveStatus, restored.Restore]).toEqual([undefined, undefined]);
    await expect(restore(Bucket, 'k', {})).rejects.toMatchObject(refusal('ObjectAlreadyInActiveTierError', 403));
    await client.send(copy);
  });
});
