/** Replication to another server: to a Ninefold, with ids and times, and to one that is asked as any server of S3 is. */
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import {
  makeRole,
  newUser,
  newVersioned,
  putRules,
  ruleTo,
  statusOf,
  versionsOf,
} from '../support/replicated-buckets.ts';
import { signedRequests } from '../support/signed-requests.ts';

/** Clients write into the one they are given. */
const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };
let there: Daemon;
let here: Daemon;
let replicator: { accessKeyId: string; secretAccessKey: string };

beforeAll(async () => {
  there = await startDaemon({ isHosted: true });
  for (const Bucket of ['mirror', 'plain']) {
    await there.client.send(new CreateBucketCommand({ Bucket }));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await there.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  replicator = await newUser(there, 'replicator', ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags']);
  const destinations = [
    {
      endpoint: there.endpoint,
      ninefold: true,
      ...replicator,
      buckets: [{ arn: 'arn:aws:s3:::mirror' }],
    },
    { endpoint: there.endpoint, ...root, buckets: [{ arn: 'arn:aws:s3:::abroad', name: 'plain' }] },
    { endpoint: 'http://127.0.0.1:9', ...root, buckets: [{ arn: 'arn:aws:s3:::away' }] },
  ];
  here = await startDaemon({ isHosted: true, config: JSON.stringify({ replication: { destinations } }) });
  await makeRole(here);
});
afterAll(async () => {
  await here.stop();
  await there.stop();
});

const completed = (Bucket: string, Key: string) =>
  eventually(async () => expect(await statusOf(here.client, Bucket, Key)).toBe('COMPLETED'));

/** Versions, markers, parts, a key and metadata that must be escaped. */
async function write(Bucket: string): Promise<void> {
  const { client } = here;
  const Key = "a b/ü+'(x)&.txt";
  const said = { ContentType: 'text/ü', Metadata: { colour: 'grün' }, Tagging: 'k%2B=v%20w', CacheControl: 'no-store' };
  await client.send(new PutObjectCommand({ Bucket, Key, Body: 'one', ...said, ChecksumAlgorithm: 'SHA256' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key }));
  await client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(3_000_000, 7), ...said }));
  const named = { Bucket, Key: 'parts' };
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...named, ChecksumAlgorithm: 'CRC32' }));
  const Parts = [];
  for (const [i, Body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')].entries()) {
    const part = { ...named, UploadId, PartNumber: i + 1, Body, ChecksumAlgorithm: 'CRC32' as const };
    const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
    Parts.push({ ETag, ChecksumCRC32, PartNumber: i + 1 });
  }
  await client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'empty', Body: '' }));
  for (const written of [Key, 'parts', 'empty']) await completed(Bucket, written);
}

describe('to a Ninefold', () => {
  test('versions, markers, parts and tags → the same there, as replicas, with a key that may do nothing else', async () => {
    const Bucket = await newVersioned(here);
    await putRules(here.client, Bucket, [ruleTo('mirror')]);
    await write(Bucket);
    expect(await versionsOf(there.client, 'mirror')).toEqual(await versionsOf(here.client, Bucket));
    const Key = "a b/ü+'(x)&.txt";
    for (const named of [{ Key }, { Key: 'parts', PartNumber: 2 }]) {
      const request = { ...named, ChecksumMode: 'ENABLED' as const };
      const source = await here.client.send(new GetObjectCommand({ Bucket, ...request }));
      const replica = await there.client.send(new GetObjectCommand({ Bucket: 'mirror', ...request }));
      const facts = ({ $metadata: _this, Body: _bytes, ReplicationStatus: _differs, ...rest }: typeof source) => rest;
      expect(facts(replica)).toEqual(facts(source));
      expect(replica.ReplicationStatus).toBe('REPLICA');
      expect(await replica.Body?.transformToByteArray()).toEqual(await source.Body?.transformToByteArray());
    }
    const TagSet = [{ Key: 'now', Value: 'a +/=@' }];
    await here.client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
    const tagsThere = () => there.client.send(new GetObjectTaggingCommand({ Bucket: 'mirror', Key }));
    await eventually(async () => expect((await tagsThere()).TagSet).toEqual(TagSet));
  });

  test('the header that makes a replica, malformed, from the future, or from who may only write → refused; who may only replicate writes nothing else', async () => {
    const { send } = signedRequests(() => there);
    const facts = (different: object) => {
      const replica = { v: 1, versionId: 'A'.repeat(32), ordinal: 5, lastModifiedMs: 5, changedMs: 0, ...different };
      return { 'x-amz-ninefold-replica': Buffer.from(JSON.stringify(replica)).toString('base64') };
    };
    const put = (headers: Record<string, string>) => send({ method: 'PUT', path: '/mirror/k', headers, body: 'x' });
    const future = (Date.now() + 3_600_000) * 1000;
    for (const wrong of [
      { ordinal: future },
      { versionId: 'null' },
      { versionId: 'x' },
      { more: 1 },
      { ordinal: -1 },
    ]) {
      expect(await put(facts(wrong)), JSON.stringify(wrong)).toMatchObject({ status: 400, code: 'InvalidArgument' });
    }
    expect(await put({ 'x-amz-ninefold-replica': 'nonsense' })).toMatchObject({ status: 400, code: 'InvalidArgument' });
    const writer = await newUser(there, 'writer', ['s3:PutObject', 's3:DeleteObject', 's3:PutObjectTagging']);
    const denied = { status: 403, code: 'AccessDenied' };
    for (const method of ['PUT', 'DELETE']) {
      const request = { method, path: '/mirror/k', key: writer, body: method === 'PUT' ? 'x' : '' };
      expect(await send({ ...request, headers: facts({}) })).toMatchObject(denied);
      expect((await send(request)).status).toBeLessThan(300);
      expect(await send({ ...request, key: replicator })).toMatchObject(denied);
    }
    const { UploadId = '' } = await there.client.send(new CreateMultipartUploadCommand({ Bucket: 'mirror', Key: 'k' }));
    const query = [['uploadId', UploadId]] as const;
    const abort = { method: 'DELETE', path: '/mirror/k', query, key: replicator };
    expect(await send(abort)).toMatchObject(denied);
    expect(await send({ ...abort, headers: facts({}) })).toMatchObject({ status: 204 });
  });
});

test('to any other server → objects with all that is said of them, markers and tags', async () => {
  const Bucket = await newVersioned(here);
  await putRules(here.client, Bucket, [ruleTo('abroad')]);
  await write(Bucket);
  const Key = "a b/ü+'(x)&.txt";
  const replica = await there.client.send(new GetObjectCommand({ Bucket: 'plain', Key }));
  const source = await here.client.send(new HeadObjectCommand({ Bucket, Key }));
  for (const member of ['ETag', 'ContentType', 'CacheControl', 'Metadata', 'TagCount'] as const) {
    expect(replica[member], member).toEqual(source[member]);
  }
  expect(replica.ReplicationStatus).toBeUndefined();
  expect(await replica.Body?.transformToByteArray()).toHaveLength(3_000_000);
  const kinds = async (client: typeof here.client, bucket: string) =>
    (await versionsOf(client, bucket)).map((one) => ('ETag' in one ? one.ETag : 'marker'));
  expect(await kinds(there.client, 'plain')).toEqual(await kinds(here.client, Bucket));
  const TagSet = [{ Key: 'now', Value: 'a +/=@' }];
  await here.client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  const tagsThere = () => there.client.send(new GetObjectTaggingCommand({ Bucket: 'plain', Key }));
  await eventually(async () => expect((await tagsThere()).TagSet).toEqual(TagSet));
});

test('to a server that is away → PENDING, and nothing waits for it; figures and status say so', async () => {
  const Bucket = await newVersioned(here);
  await putRules(here.client, Bucket, [ruleTo('away')]);
  await here.client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  expect(await statusOf(here.client, Bucket, 'k')).toBe('PENDING');
  const { send } = signedRequests(() => here);
  const ask = async (path: string) => JSON.parse((await send({ method: 'GET', path })).body);
  const { MetricData } = await ask('/-/metrics.json');
  const Dimensions = [
    { Name: 'SourceBucket', Value: Bucket },
    { Name: 'DestinationBucket', Value: 'away' },
    { Name: 'RuleId', Value: 'to-away' },
  ];
  for (const [MetricName, Unit] of [
    ['OperationsPendingReplication', 'Count'],
    ['BytesPendingReplication', 'Bytes'],
  ]) {
    const StatisticValues = { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 };
    const Timestamp = expect.any(String);
    expect(MetricData).toContainEqual({ MetricName, Dimensions, Timestamp, Unit, StatisticValues });
  }
  expect(MetricData).toContainEqual(expect.objectContaining({ MetricName: 'ReplicationLatency', Dimensions }));
  const waits = { destination: 'arn:aws:s3:::away', waiting: 1, failed: 0, oldestMs: expect.any(Number) };
  expect((await ask('/-/status')).replication).toContainEqual(waits);
  await eventually(async () => {
    const { destinations } = await ask('/-/replication');
    expect(destinations).toContainEqual(
      expect.objectContaining({ ...waits, why: expect.stringContaining('ECONNREFUSED') }),
    );
  });
});
