/** Replication between buckets of one server: which configurations are taken, what is replicated, and what is told of it. */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketReplicationCommand,
  DeleteObjectCommand,
  GetBucketReplicationCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  type ReplicationConfiguration,
  type ReplicationRule,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { region } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { refusal, refusalText } from '../support/refusals.ts';
import {
  makeRole,
  newUser,
  newVersioned,
  putRules,
  role,
  ruleTo,
  statusOf,
  versionsOf,
} from '../support/replicated-buckets.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const replicaKey = 'arn:aws:kms:us-east-1:000000000000:key/replicas';
const send: ReturnType<typeof daemon>['client']['send'] = (...args: [never]) => daemon().client.send(...args);
const versioned = () => newVersioned(daemon());
beforeAll(async () => {
  await makeRole(daemon());
});

const put = (Bucket: string, Rules: ReplicationRule[], Role = role) => putRules(daemon().client, Bucket, Rules, Role);
const status = (Bucket: string, Key: string) => statusOf(daemon().client, Bucket, Key);
const versions = (Bucket: string) => versionsOf(daemon().client, Bucket);

/** Two buckets, of which the first is replicated to the second. */
async function pair(different: Partial<ReplicationRule> = {}): Promise<{ source: string; copy: string }> {
  const [source, copy] = await Promise.all([versioned(), versioned()]);
  await put(source, [ruleTo(copy, different)]);
  return { source, copy };
}

const becomes = (Bucket: string, Key: string, expected: string) =>
  eventually(async () => expect(await status(Bucket, Key)).toBe(expected));

describe('configurations', () => {
  test('put → got as it was put; deleted → ReplicationConfigurationNotFoundError', async () => {
    const [Bucket, one, other] = await Promise.all([versioned(), versioned(), versioned()]);
    const tags = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '' },
    ];
    const off = { Status: 'Disabled' as const };
    const on = { Status: 'Enabled' as const };
    const Rules: ReplicationRule[] = [
      ruleTo(one, {
        Filter: { And: { Prefix: 'p/', Tags: tags } },
        DeleteMarkerReplication: off,
        ExistingObjectReplication: on,
        SourceSelectionCriteria: { SseKmsEncryptedObjects: off, ReplicaModifications: on },
        Destination: {
          Bucket: `arn:aws:s3:::${one}`,
          Account: '000000000000',
          AccessControlTranslation: { Owner: 'Destination' },
          StorageClass: 'STANDARD_IA',
          EncryptionConfiguration: { ReplicaKmsKeyID: replicaKey },
          ReplicationTime: { ...on, Time: { Minutes: 15 } },
          Metrics: { ...on, EventThreshold: { Minutes: 15 } },
        },
      }),
      ruleTo(other, { Priority: 2, Status: 'Disabled', Filter: { Tag: tags[0] }, DeleteMarkerReplication: off }),
    ];
    await put(Bucket, Rules);
    const got = await send(new GetBucketReplicationCommand({ Bucket }));
    expect(got.ReplicationConfiguration).toEqual({ Role: role, Rules });
    await send(new DeleteBucketReplicationCommand({ Bucket }));
    await expect(send(new GetBucketReplicationCommand({ Bucket }))).rejects.toMatchObject(
      refusal('ReplicationConfigurationNotFoundError', 404),
    );
  });

  const shared = { source: '', copy: '' };
  beforeAll(async () => {
    [shared.source, shared.copy] = await Promise.all([versioned(), versioned()]);
  });
  const rule = (different: Partial<ReplicationRule>) => [ruleTo(shared.copy, different)];
  const to = (different: Partial<ReplicationRule['Destination']>) =>
    rule({ Destination: { Bucket: `arn:aws:s3:::${shared.copy}`, ...different } });
  const twice = (different: Partial<ReplicationRule>) => [
    ruleTo(shared.copy, { ID: 'first' }),
    ruleTo(shared.copy, { ID: 'second', Priority: 2, ...different }),
  ];
  test.each<[string, () => ReplicationRule[], string]>([
    [
      'the bucket itself',
      () => to({ Bucket: `arn:aws:s3:::${shared.source}` }),
      'InvalidRequest: Destination bucket cannot be the same as the source bucket.',
    ],
    [
      'a bucket that is not there',
      () => to({ Bucket: 'arn:aws:s3:::nowhere-at-all' }),
      'InvalidRequest: Destination bucket must exist.',
    ],
    ['another owner', () => to({ Account: '111111111111' }), 'InvalidRequest: The account does not own'],
    ['one priority twice', () => twice({ Priority: 1 }), 'InvalidRequest: Found duplicate priority 1.'],
  ])('%s → refused', async (_, rules, expected) => {
    expect(await refusalText(put(shared.source, rules()))).toContain(expected);
  });

  test('a role that is none, or not there; no role at all → refused', async () => {
    expect(await refusalText(put(shared.source, rule({}), 'replication'))).toContain(
      'InvalidArgument: Invalid Role specified in replication configuration',
    );
    const user = role.replace(':role/', ':user/');
    expect(await refusalText(put(shared.source, rule({}), user))).toContain(
      'InvalidArgument: The relative id should start with role',
    );
    expect(await refusalText(put(shared.source, rule({}), `${role}-2`))).toContain(
      'InvalidArgument: The role does not',
    );
    const ReplicationConfiguration = { Rules: rule({}) } as ReplicationConfiguration;
    const without = send(new PutBucketReplicationCommand({ Bucket: shared.source, ReplicationConfiguration }));
    expect(await refusalText(without)).toContain('MalformedXML');
  });

  test('who may do all of S3 but not pass the role to it → AccessDenied', async () => {
    const clerk = await newUser(daemon(), 'clerk', ['s3:*']);
    const { endpoint } = daemon();
    const client = new S3Client({ endpoint, region, credentials: clerk, maxAttempts: 1, forcePathStyle: true });
    const denied = await refusalText(putRules(client, shared.source, rule({})));
    client.destroy();
    expect(denied).toContain('AccessDenied');
    expect(denied).toContain('iam:PassRole');
  });

  test('a bucket without versions, here or there → InvalidRequest; versions cannot be suspended under rules', async () => {
    const plain = await daemon().newBucket();
    expect(await refusalText(put(plain, rule({})))).toContain("InvalidRequest: Versioning must be 'Enabled'");
    expect(await refusalText(put(shared.source, [ruleTo(plain)]))).toContain(
      'InvalidRequest: Destination bucket must have versioning enabled',
    );
    const { source } = await pair();
    const VersioningConfiguration = { Status: 'Suspended' as const };
    const suspend = () => send(new PutBucketVersioningCommand({ Bucket: source, VersioningConfiguration }));
    await expect(suspend()).rejects.toMatchObject(refusal('InvalidBucketState', 409));
    await send(new DeleteBucketReplicationCommand({ Bucket: source }));
    await suspend();
  });
});

describe('what is replicated', () => {
  test('versions and markers → the same there, in their order, with all that is said of them; version deletes → not', async () => {
    const { source, copy } = await pair();
    const first = await send(
      new PutObjectCommand({
        ...{ Bucket: source, Key: 'k', Body: 'one', ContentType: 'text/x', CacheControl: 'no-store' },
        ...{ Metadata: { colour: 'red' }, Tagging: 'a=1&b=2', ChecksumAlgorithm: 'SHA256' },
      }),
    );
    await send(new PutObjectCommand({ Bucket: source, Key: 'k', Body: 'two' }));
    await send(new DeleteObjectCommand({ Bucket: source, Key: 'k' }));
    await send(new PutObjectCommand({ Bucket: source, Key: 'k', Body: 'x'.repeat(100_000) }));
    await send(new PutObjectCommand({ Bucket: source, Key: 'empty', Body: '' }));
    await becomes(source, 'k', 'COMPLETED');
    await becomes(source, 'empty', 'COMPLETED');
    expect(await versions(copy)).toEqual(await versions(source));
    expect(await versions(copy)).toHaveLength(5);
    expect(await status(copy, 'k')).toBe('REPLICA');
    const named = { Key: 'k', VersionId: first.VersionId };
    const there = await send(new GetObjectCommand({ Bucket: copy, ...named, ChecksumMode: 'ENABLED' }));
    const here = await send(new HeadObjectCommand({ Bucket: source, ...named, ChecksumMode: 'ENABLED' }));
    expect(await there.Body?.transformToString()).toBe('one');
    for (const member of [
      'ETag',
      'ContentType',
      'CacheControl',
      'Metadata',
      'LastModified',
      'ChecksumSHA256',
      'TagCount',
    ] as const) {
      expect(there[member], member).toEqual(here[member]);
    }
    expect(there.TagCount).toBe(2);
    await send(new DeleteObjectCommand({ Bucket: source, ...named }));
    await send(new PutObjectCommand({ Bucket: source, Key: 'later', Body: 'x' }));
    await becomes(source, 'later', 'COMPLETED');
    await send(new HeadObjectCommand({ Bucket: copy, ...named }));
  });

  test('an object of parts → of the same parts, with the same ETag; a copy → too; nothing is left of the upload', async () => {
    const { source, copy } = await pair();
    const named = { Bucket: source, Key: 'parts' };
    const { UploadId } = await send(new CreateMultipartUploadCommand({ ...named, Tagging: 'a=1' }));
    const bodies = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')];
    const Parts = await Promise.all(
      bodies.map(async (Body, i) => {
        const PartNumber = i * 3 + 1;
        const { ETag } = await send(new UploadPartCommand({ ...named, UploadId, PartNumber, Body }));
        return { ETag, PartNumber };
      }),
    );
    await send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }));
    await send(new CopyObjectCommand({ Bucket: source, Key: 'copy', CopySource: `${source}/parts` }));
    await becomes(source, 'parts', 'COMPLETED');
    await becomes(source, 'copy', 'COMPLETED');
    expect(await versions(copy)).toEqual(await versions(source));
    const part = await send(new GetObjectCommand({ Bucket: copy, Key: 'parts', PartNumber: 2 }));
    expect(part).toMatchObject({ PartsCount: 2, TagCount: 1, ReplicationStatus: 'REPLICA' });
    expect(await part.Body?.transformToString()).toBe('the end');
    expect((await send(new ListMultipartUploadsCommand({ Bucket: copy }))).Uploads).toBeUndefined();
  });

  test('by prefix, tag and priority → only what a rule is for, by the rule of the highest priority', async () => {
    const [source, one, other] = await Promise.all([versioned(), versioned(), versioned()]);
    const off = { DeleteMarkerReplication: { Status: 'Disabled' as const } };
    const inClass = (StorageClass: 'STANDARD_IA' | 'GLACIER_IR') => ({
      Destination: { Bucket: `arn:aws:s3:::${one}`, StorageClass },
    });
    await put(source, [
      ruleTo(one, { ID: 'low', Priority: 1, Filter: { Prefix: 'a' }, ...off, ...inClass('STANDARD_IA') }),
      ruleTo(one, { ID: 'high', Priority: 2, Filter: { Prefix: 'ab' }, ...off, ...inClass('GLACIER_IR') }),
      ruleTo(other, { ID: 'tag', Priority: 3, Filter: { Tag: { Key: 'k', Value: 'v' } }, ...off }),
    ]);
    for (const Key of ['a', 'ab', 'b']) await send(new PutObjectCommand({ Bucket: source, Key, Body: Key }));
    await send(new PutObjectCommand({ Bucket: source, Key: 'a-tagged', Body: 'x', Tagging: 'k=v' }));
    for (const Key of ['a', 'ab', 'a-tagged']) await becomes(source, Key, 'COMPLETED');
    await send(new DeleteObjectCommand({ Bucket: source, Key: 'a' }));
    await send(new PutObjectCommand({ Bucket: source, Key: 'a-last', Body: 'x' }));
    await becomes(source, 'a-last', 'COMPLETED');
    expect(await status(source, 'b')).toBeUndefined();
    const summary = async (Bucket: string) =>
      (await versions(Bucket)).map((one) =>
        'StorageClass' in one && 'Key' in one ? `${one.Key} ${one.StorageClass}` : 'marker',
      );
    expect(await summary(one)).toEqual([
      'a STANDARD_IA',
      'a-last STANDARD_IA',
      'a-tagged STANDARD_IA',
      'ab GLACIER_IR',
    ]);
    expect(await summary(other)).toEqual(['a-tagged STANDARD']);
  });

  test('both ways, with changes of tags on either side → the same on both, and no loop', async () => {
    const [one, other] = await Promise.all([versioned(), versioned()]);
    const both = { SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' as const } } };
    await put(one, [ruleTo(other, both)]);
    await put(other, [ruleTo(one, both)]);
    await send(new PutObjectCommand({ Bucket: one, Key: 'k', Body: 'from one' }));
    await send(new PutObjectCommand({ Bucket: other, Key: 'l', Body: 'from the other' }));
    await becomes(one, 'k', 'COMPLETED');
    await becomes(other, 'l', 'COMPLETED');
    const tag = (Bucket: string, Value: string) =>
      send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'set', Value }] } }));
    const tags = async (Bucket: string) => (await send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet;
    const bothHave = (Value: string) =>
      eventually(async () => {
        for (const Bucket of [one, other]) expect(await tags(Bucket)).toEqual([{ Key: 'set', Value }]);
      });
    await tag(one, 'at the source');
    await bothHave('at the source');
    await tag(other, 'at the replica');
    await bothHave('at the replica');
    await send(new DeleteObjectCommand({ Bucket: other, Key: 'k' }));
    await eventually(async () => expect(await versions(one)).toEqual(await versions(other)));
    expect(await versions(one)).toHaveLength(3);
    expect([await status(one, 'l'), await status(other, 'l')]).toEqual(['REPLICA', 'COMPLETED']);
  });
});

describe('what the operator sees and does', () => {
  const { send: sendRaw } = signedRequests(daemon);
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await sendRaw({
      method,
      path: `/-/replication${path}`,
      body: body === undefined ? '' : JSON.stringify(body),
    });
    return { status: answer.status, body: JSON.parse(answer.body) };
  };
  const seen = async (bucket: string) => {
    const { destinations } = (await ask('GET', '')).body;
    return destinations.find((one: { destination: string }) => one.destination === `arn:aws:s3:::${bucket}`);
  };

  test('a role that may not → FAILED and listed, with why; retried once it may → COMPLETED', async () => {
    const reads = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }] };
    const reader = await makeRole(daemon(), 'reader', reads);
    const [source, copy] = await Promise.all([versioned(), versioned()]);
    await put(source, [ruleTo(copy)], reader);
    const { VersionId } = await send(new PutObjectCommand({ Bucket: source, Key: 'k', Body: 'x' }));
    await becomes(source, 'k', 'FAILED');
    expect(await versions(copy)).toEqual([]);
    expect(await seen(copy)).toMatchObject({ waiting: 0, failed: 1 });
    const labels = `bucket="${source}",destination="arn:aws:s3:::${copy}",rule="to-${copy}"`;
    await eventually(async () => {
      const { body: metrics } = await sendRaw({ method: 'GET', path: '/-/metrics' });
      expect(metrics).toContain(`ninefold_s3_replication_failed_operations{${labels}} 1\n`);
    });
    expect((await seen(copy)).failures).toEqual([
      { bucket: source, key: 'k', versionId: VersionId, why: expect.stringContaining('s3:ReplicateObject') },
    ]);
    await put(source, [ruleTo(copy)]);
    const destination = `arn:aws:s3:::${copy}`;
    expect(await ask('POST', '/retry', { destination })).toEqual({ status: 200, body: { changes: 1 } });
    await becomes(source, 'k', 'COMPLETED');
    expect(await seen(copy)).toBeUndefined();
    expect((await ask('POST', '/retry', { destination })).status).toBe(404);
  });

  test('a rule for existing objects → what was there before it is replicated, versions and markers', async () => {
    const [source, copy] = await Promise.all([versioned(), versioned()]);
    for (const Body of ['one', 'two']) await send(new PutObjectCommand({ Bucket: source, Key: 'old', Body }));
    await send(new DeleteObjectCommand({ Bucket: source, Key: 'gone' }));
    await put(source, [ruleTo(copy, { ExistingObjectReplication: { Status: 'Enabled' } })]);
    await becomes(source, 'old', 'COMPLETED');
    await eventually(async () => expect(await versions(copy)).toEqual(await versions(source)));
    await eventually(async () => expect((await ask('GET', '')).body.resyncs).toEqual([]));
  });

  test('resync → what was there before the rules is replicated, null versions with ids of their own; done again → the same', async () => {
    const [source, copy] = await Promise.all([daemon().newBucket(), versioned()]);
    await send(new PutObjectCommand({ Bucket: source, Key: 'old', Body: 'null' }));
    await send(new PutBucketVersioningCommand({ Bucket: source, VersioningConfiguration: { Status: 'Enabled' } }));
    for (const Body of ['one', 'two']) await send(new PutObjectCommand({ Bucket: source, Key: 'old', Body }));
    await send(new DeleteObjectCommand({ Bucket: source, Key: 'gone' }));
    await put(source, [ruleTo(copy)]);
    expect((await ask('POST', '/resync', { bucket: copy })).status).toBe(404);
    for (const all of [false, true]) {
      expect(await ask('POST', '/resync', { bucket: source, all })).toEqual({ status: 200, body: { bucket: source } });
      await eventually(async () => expect((await ask('GET', '')).body.resyncs).toEqual([]));
      await eventually(async () => expect(await seen(copy)).toBeUndefined());
      const withoutIds = async (Bucket: string) =>
        (await versions(Bucket)).map((one) => ({ ...one, VersionId: 'an id' }));
      expect(await withoutIds(copy)).toEqual(await withoutIds(source));
      expect((await versions(copy)).every((one) => 'VersionId' in one && one.VersionId !== 'null')).toBe(true);
    }
    expect(await status(source, 'old')).toBe('COMPLETED');
  });
});
