/** Lifecycle configurations: what is taken, refused and given back, and what answers tell of rules that will act. */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type TransitionDefaultMinimumObjectSize,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const dayMs = 86_400_000;

const configure = (Bucket: string, Rules: LifecycleRule[], size?: TransitionDefaultMinimumObjectSize) =>
  daemon().client.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket,
      LifecycleConfiguration: { Rules },
      TransitionDefaultMinimumObjectSize: size,
    }),
  );
const configured = (Bucket: string) => daemon().client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));

const rule = (rest: Partial<LifecycleRule>): LifecycleRule => ({
  ID: 'one',
  Status: 'Enabled',
  Filter: {},
  Expiration: { Days: 1 },
  ...rest,
});

describe('configuration', () => {
  test('every form of rule → given back as it was put', async () => {
    const Bucket = await daemon().newBucket();
    const tag = { Key: 'a', Value: 'b' };
    const Rules: LifecycleRule[] = [
      rule({ ID: 'days', Filter: { Prefix: 'logs/' }, Expiration: { Days: 30 } }),
      rule({ ID: 'date', Filter: { Tag: tag }, Expiration: { Date: new Date('2030-01-01T00:00:00.000Z') } }),
      rule({ ID: 'markers', Expiration: { ExpiredObjectDeleteMarker: true } }),
      rule({ ID: 'larger', Filter: { ObjectSizeGreaterThan: 0 } }),
      rule({ ID: 'smaller', Status: 'Disabled', Filter: { ObjectSizeLessThan: 10 } }),
      rule({
        ID: 'all',
        Filter: {
          And: { Prefix: 'x', Tags: [tag, { Key: 'c', Value: '' }], ObjectSizeGreaterThan: 1, ObjectSizeLessThan: 3 },
        },
        Expiration: undefined,
        NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 5 },
      }),
      rule({ ID: 'uploads', Filter: { Prefix: '' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }),
    ];
    const put = await configure(Bucket, Rules);
    expect(put.TransitionDefaultMinimumObjectSize).toBe('all_storage_classes_128K');
    const { $metadata, ...given } = await configured(Bucket);
    expect(given).toEqual({ Rules, TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K' });
  });

  test('the old form, without ids → prefixes in the rules, ids made and kept; replaced as a whole', async () => {
    const Bucket = await daemon().newBucket();
    const old = { Filter: undefined, ID: undefined };
    await configure(
      Bucket,
      [rule({ ...old, Prefix: 'a/' }), rule({ ...old, Prefix: 'b/' })],
      'varies_by_storage_class',
    );
    const given = await configured(Bucket);
    expect(given.TransitionDefaultMinimumObjectSize).toBe('varies_by_storage_class');
    expect(given.Rules).toEqual(
      ['a/', 'b/'].map((Prefix) => ({
        ID: expect.stringMatching(/^.{48}$/),
        Prefix,
        Status: 'Enabled',
        Expiration: { Days: 1 },
      })),
    );
    expect((await configured(Bucket)).Rules).toEqual(given.Rules);
    await configure(Bucket, [rule({ ID: 'new' })]);
    expect((await configured(Bucket)).Rules?.map(({ ID }) => ID)).toEqual(['new']);
  });

  test('none, or one that was deleted → NoSuchLifecycleConfiguration; deleted twice → no error', async () => {
    const Bucket = await daemon().newBucket();
    await expect(configured(Bucket)).rejects.toMatchObject(refusal('NoSuchLifecycleConfiguration', 404));
    await configure(Bucket, [rule({})]);
    for (let times = 0; times < 2; times++) {
      await daemon().client.send(new DeleteBucketLifecycleCommand({ Bucket }));
      await expect(configured(Bucket)).rejects.toMatchObject(refusal('NoSuchLifecycleConfiguration', 404));
    }
  });

  const tag = { Key: 'a', Value: 'b' };
  const old = { Filter: undefined };
  const noncurrent = (days: number, versions?: number) => ({
    Expiration: undefined,
    NoncurrentVersionExpiration: { NoncurrentDays: days, NewerNoncurrentVersions: versions },
  });
  const transition = { Days: 30, StorageClass: 'GLACIER' } as const;

  test.for<readonly [what: string, rules: LifecycleRule[], code: string, message?: string]>([
    ['no rules', [], 'MalformedXML'],
    ['1,001 rules', Array.from({ length: 1001 }, (_, i) => rule({ ID: String(i) })), 'MalformedXML'],
    ['no filter and no prefix', [rule(old)], 'MalformedXML'],
    ['a filter and a prefix', [rule({ Prefix: '' })], 'MalformedXML'],
    ['two conditions without And', [rule({ Filter: { Prefix: 'a', ObjectSizeLessThan: 3 } })], 'MalformedXML'],
    ['And beside a condition', [rule({ Filter: { Prefix: 'a', And: { Prefix: 'a', Tags: [tag] } } })], 'MalformedXML'],
    ['And of one', [rule({ Filter: { And: { Prefix: 'a' } } })], 'MalformedXML'],
    ['an expiration of nothing', [rule({ Expiration: {} })], 'MalformedXML'],
    ['days and a date', [rule({ Expiration: { Days: 1, Date: new Date(0) } })], 'MalformedXML'],
    ['days and markers', [rule({ Expiration: { Days: 1, ExpiredObjectDeleteMarker: true } })], 'MalformedXML'],
    [
      'noncurrent without days',
      [rule({ NoncurrentVersionExpiration: { NewerNoncurrentVersions: 1 } })],
      'MalformedXML',
    ],
    ['an abort without days', [rule({ AbortIncompleteMultipartUpload: {} })], 'MalformedXML'],
    ['a status in lower case', [rule({ Status: 'enabled' as 'Enabled' })], 'MalformedXML'],
    [
      'no action',
      [rule({ Expiration: undefined })],
      'InvalidRequest',
      'At least one action needs to be specified in a rule',
    ],
    [
      'a long id',
      [rule({ ID: 'x'.repeat(256) })],
      'InvalidArgument',
      'ID length should not exceed allowed limit of 255',
    ],
    [
      'one id twice',
      [rule({}), rule({})],
      'InvalidArgument',
      'Rule ID must be unique. Found same ID for more than one rule',
    ],
    [
      'no days',
      [rule({ Expiration: { Days: 0 } })],
      'InvalidArgument',
      "'Days' for Expiration action must be a positive integer",
    ],
    [
      'a date at noon',
      [rule({ Expiration: { Date: new Date(dayMs / 2) } })],
      'InvalidArgument',
      "'Date' must be at midnight GMT",
    ],
    [
      'no noncurrent days',
      [rule(noncurrent(0))],
      'InvalidArgument',
      "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer",
    ],
    [
      'no versions kept',
      [rule(noncurrent(1, 0))],
      'InvalidArgument',
      "'NewerNoncurrentVersions' for NoncurrentVersionExpiration action must be a positive integer",
    ],
    [
      'an abort at once',
      [rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 0 } })],
      'InvalidArgument',
      "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
    ],
    [
      'uploads by tag',
      [rule({ Filter: { Tag: tag }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } })],
      'InvalidRequest',
      'AbortIncompleteMultipartUpload cannot be specified with Tags.',
    ],
    [
      'uploads by size',
      [rule({ Filter: { ObjectSizeLessThan: 3 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } })],
      'InvalidRequest',
      'AbortIncompleteMultipartUpload cannot be specified with Object Size.',
    ],
    [
      'markers by tag',
      [rule({ Filter: { Tag: tag }, Expiration: { ExpiredObjectDeleteMarker: true } })],
      'InvalidRequest',
      'ExpiredObjectDeleteMarker cannot be specified with Tags.',
    ],
    [
      'sizes that exclude each other',
      [rule({ Filter: { And: { ObjectSizeGreaterThan: 5, ObjectSizeLessThan: 5 } } })],
      'InvalidRequest',
      "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.",
    ],
    [
      'smaller than nothing',
      [rule({ Filter: { ObjectSizeLessThan: 0 } })],
      'InvalidRequest',
      "'ObjectSizeLessThan' should be between 1 and 1099511627776000.",
    ],
    [
      'a tag twice',
      [rule({ Filter: { And: { Tags: [tag, tag] } } })],
      'InvalidRequest',
      'Duplicate Tag Keys are not allowed.',
    ],
    [
      'a filter after a prefix',
      [rule({ ...old, Prefix: 'a' }), rule({ ID: 'two' })],
      'InvalidRequest',
      'Filter element can only be used in Lifecycle V2.',
    ],
    [
      'a prefix after a filter',
      [rule({}), rule({ ...old, ID: 'two', Prefix: 'a' })],
      'InvalidRequest',
      'Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.',
    ],
    [
      'versions kept in the old form',
      [rule({ ...old, ...noncurrent(1, 1), Prefix: 'a' })],
      'InvalidRequest',
      'NewerNoncurrentVersions element can only be used in Lifecycle V2.',
    ],
    [
      'prefixes of the old form that overlap',
      [
        rule({ ...old, Prefix: 'a/b' }),
        rule({ ...old, ID: 'two', Prefix: 'a' }),
        rule({ ...old, ID: 'three', Prefix: 'b' }),
      ],
      'InvalidRequest',
      "Found overlapping prefixes 'a' and 'a/b' for same action type 'Expiration'",
    ],
    [
      'a transition before one that goes less far down',
      [
        rule({
          Filter: { Prefix: 'p' },
          Expiration: undefined,
          Transitions: [transition, { Days: 60, StorageClass: 'STANDARD_IA' }],
        }),
      ],
      'InvalidArgument',
      "'Days' in the Transition action for StorageClass 'GLACIER' for filter '(prefix=p)' must be greater than 'Days' in the Transition action for StorageClass 'STANDARD_IA'",
    ],
    ['a transition without a class', [rule({ Transitions: [{ Days: 30 }] })], 'MalformedXML'],
    [
      'a transition at noon',
      [rule({ Transitions: [{ Date: new Date(dayMs / 2), StorageClass: 'GLACIER' }] })],
      'InvalidArgument',
      "'Date' must be at midnight GMT",
    ],
    [
      'seldom read data too soon',
      [rule({ Transitions: [{ Days: 29, StorageClass: 'ONEZONE_IA' }] })],
      'InvalidArgument',
      "'Days' in Transition action must be greater than or equal to 30 for storageClass 'ONEZONE_IA'",
    ],
    [
      'one class twice',
      [rule({ Filter: { Prefix: '' }, Transitions: [transition, { Days: 60, StorageClass: 'GLACIER' }] })],
      'InvalidRequest',
      "'StorageClass' must be different for 'Transition' actions in same 'Rule' with filter '(prefix=)'",
    ],
    [
      'days and dates mixed',
      [rule({ ...old, Prefix: 'a', Expiration: { Date: new Date(dayMs) }, Transitions: [transition] })],
      'InvalidRequest',
      "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for prefix 'a'",
    ],
    [
      'an expiration that is not later',
      [rule({ Filter: { Prefix: 'test/' }, Expiration: { Days: 30 }, Transitions: [transition] })],
      'InvalidArgument',
      "'Days' in the Expiration action for filter '(prefix=test/)' must be greater than 'Days' in the Transition action",
    ],
    [
      'the same of noncurrent versions',
      [rule({ ...noncurrent(5), NoncurrentVersionTransitions: [{ NoncurrentDays: 5, StorageClass: 'GLACIER' }] })],
      'InvalidArgument',
      "'NoncurrentDays' in the NoncurrentVersionExpiration action for filter '()' must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action",
    ],
  ])('%s → refused, nothing is changed', async ([, rules, code, message]) => {
    const Bucket = await daemon().newBucket();
    await configure(Bucket, [rule({ ID: 'before' })]);
    await expect(configure(Bucket, rules)).rejects.toMatchObject({
      ...refusal(code, code === 'NotImplemented' ? 501 : 400),
      ...(message !== undefined && { message }),
    });
    expect((await configured(Bucket)).Rules?.[0]?.ID).toBe('before');
  });

  test('filters that overlap, prefixes of the old form that do different things → taken', async () => {
    const Bucket = await daemon().newBucket();
    await configure(Bucket, [rule({}), rule({ ID: 'two', Filter: { Prefix: 'a' } })]);
    await configure(Bucket, [rule({ ...old, Prefix: '' }), rule({ ...old, ...noncurrent(1), ID: 'two', Prefix: 'a' })]);
  });

  test('a minimum size that is none → InvalidRequest', async () => {
    const Bucket = await daemon().newBucket();
    const size = 'none' as TransitionDefaultMinimumObjectSize;
    await expect(configure(Bucket, [rule({})], size)).rejects.toMatchObject({
      ...refusal('InvalidRequest', 400),
      message: 'Invalid TransitionDefaultMinimumObjectSize found: none',
    });
  });
});

describe('what answers tell', () => {
  /** The next midnight after so many days from a time, as a header says it. */
  const midnightAfter = (days: number, since: Date | undefined) =>
    new Date((Math.floor(Number(since) / dayMs) + days + 1) * dayMs).toUTCString();
  const head = (Bucket: string, Key: string, VersionId?: string) =>
    daemon().client.send(new HeadObjectCommand({ Bucket, Key, VersionId }));

  test('rules for an object → the earliest expiry in every answer that makes or reads it', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await configure(Bucket, [
      rule({ ID: 'in a month', Expiration: { Days: 30 } }),
      rule({ ID: 'soon', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 2 } }),
      rule({ ID: 'as soon', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 2 } }),
      rule({ ID: 'off', Status: 'Disabled', Expiration: { Days: 1 } }),
      rule({ ID: 'tagged', Filter: { Tag: { Key: 'keep', Value: 'no' } }, Expiration: { Date: new Date(dayMs) } }),
    ]);
    const Key = 'tmp/a';
    const put = await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const soon = `expiry-date="${midnightAfter(2, (await head(Bucket, Key)).LastModified)}", rule-id="soon"`;
    expect(put.Expiration).toBe(soon);
    expect((await client.send(new GetObjectCommand({ Bucket, Key }))).Expiration).toBe(soon);
    expect((await head(Bucket, Key)).Expiration).toBe(soon);
    expect((await head(Bucket, Key, 'null')).Expiration).toBeUndefined();
    const copied = await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` }));
    const inAMonth = midnightAfter(30, copied.CopyObjectResult?.LastModified);
    expect(copied.Expiration).toBe(`expiry-date="${inAMonth}", rule-id="in a month"`);
    const tagged = new PutObjectCommand({ Bucket, Key: 'b', Body: 'x', Tagging: 'keep=no' });
    expect((await client.send(tagged)).Expiration).toBe(
      'expiry-date="Fri, 02 Jan 1970 00:00:00 GMT", rule-id="tagged"',
    );
    await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
    expect((await head(Bucket, Key)).Expiration).toBeUndefined();
  });

  test('an upload that will be aborted → when and by which rule; what it becomes → when it expires', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await configure(Bucket, [
      rule({ ID: 'uploads', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Expiration: { Days: 3 } }),
    ]);
    const Key = 'a';
    const made = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    const told = { AbortDate: new Date(midnightAfter(7, Uploads?.[0]?.Initiated)), AbortRuleId: 'uploads' };
    expect(made).toMatchObject(told);
    const { UploadId } = made;
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' }));
    expect(await client.send(new ListPartsCommand({ Bucket, Key, UploadId }))).toMatchObject(told);
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    const completed = await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }));
    const { LastModified } = await head(Bucket, Key);
    expect(completed.Expiration).toBe(`expiry-date="${midnightAfter(3, LastModified)}", rule-id="uploads"`);
  });

  test('versions that are not current → nothing told of them', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    await configure(Bucket, [rule({})]);
    const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'y' }));
    expect((await head(Bucket, 'a', VersionId)).Expiration).toBeUndefined();
    expect((await head(Bucket, 'a')).Expiration).toContain('rule-id="one"');
  });
});
