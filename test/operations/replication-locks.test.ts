/** Retention and legal holds on their way to replicas: on the same server, on a Ninefold, and on any server of S3. */
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketReplicationCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  type ReplicationRule,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { makeRole, newUser, newVersioned, putRules, ruleTo, statusOf } from '../support/replicated-buckets.ts';

const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };
const until = new Date('2040-01-01T00:00:00.500Z');
const sooner = new Date('2035-01-01T00:00:00Z');
const later = new Date('2041-01-01T00:00:00Z');
const lock = {
  ObjectLockMode: 'GOVERNANCE',
  ObjectLockRetainUntilDate: until,
  ObjectLockLegalHoldStatus: 'ON',
} as const;
let there: Daemon;
let here: Daemon;

beforeAll(async () => {
  there = await startDaemon();
  for (const Bucket of ['mirror', 'plain']) await newLocked(there, Bucket);
  const replicator = await newUser(there, 'replicator', [
    's3:ReplicateObject',
    's3:ReplicateDelete',
    's3:ReplicateTags',
  ]);
  const unlocked = await newVersioned(there);
  const arn = (name: string) => `arn:aws:s3:::${name}`;
  const destinations = [
    { endpoint: there.endpoint, ninefold: true, ...replicator, buckets: [{ arn: arn('mirror') }] },
    { endpoint: there.endpoint, ninefold: true, ...root, buckets: [{ arn: arn('no-locks'), name: unlocked }] },
    { endpoint: there.endpoint, ...root, buckets: [{ arn: arn('abroad'), name: 'plain' }] },
    { endpoint: there.endpoint, ...root, buckets: [{ arn: arn('abroad-no-locks'), name: unlocked }] },
  ];
  here = await startDaemon({ config: JSON.stringify({ replication: { destinations } }) });
  await makeRole(here);
});
afterAll(async () => {
  await here.stop();
  await there.stop();
});

async function newLocked(daemon: Daemon, Bucket: string): Promise<string> {
  await daemon.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  return Bucket;
}

const put = async (Bucket: string, Key: string, input: Partial<PutObjectCommandInput> = {}) =>
  (await here.client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...input }))).VersionId ?? '';
const retain = (Bucket: string, Key: string, Retention: object, daemon = here) =>
  daemon.client.send(new PutObjectRetentionCommand({ Bucket, Key, Retention, BypassGovernanceRetention: true }));
const hold = (Bucket: string, Key: string, Status: 'ON' | 'OFF', daemon = here) =>
  daemon.client.send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status } }));
const becomes = (Bucket: string, Key: string, expected: string) =>
  eventually(async () => expect(await statusOf(here.client, Bucket, Key)).toBe(expected));

async function lockOf({ client }: Daemon, Bucket: string, Key: string) {
  const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
  const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = head;
  return { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus };
}

describe.for<[what: string, destination: string, server: () => Daemon, bucket: string]>([
  ['on the same server', 'copies', () => here, 'copies'],
  ['on a Ninefold', 'mirror', () => there, 'mirror'],
  ['on a server of S3', 'abroad', () => there, 'plain'],
])('%s', ([, destination, server, bucket]) => {
  test('locked, in parts too, and later otherwise → the replica as its source, and it cannot be removed', async () => {
    if (bucket === 'copies') await newLocked(here, bucket);
    const Bucket = await newLocked(here, `source-of-${destination}`);
    await putRules(here.client, Bucket, [ruleTo(destination)]);
    await put(Bucket, 'k', lock);
    await put(Bucket, 'free');
    const upload = { Bucket, Key: 'parts' };
    const { UploadId } = await here.client.send(new CreateMultipartUploadCommand({ ...upload, ...lock }));
    const { ETag } = await here.client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'x' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await here.client.send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
    for (const Key of ['k', 'free', 'parts']) await becomes(Bucket, Key, 'COMPLETED');
    expect(await lockOf(server(), bucket, 'k')).toEqual(lock);
    expect(await lockOf(server(), bucket, 'parts')).toEqual(lock);
    expect(await lockOf(server(), bucket, 'free')).toEqual({});
    const { VersionId } = await server().client.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' }));
    const removal = server().client.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'k', VersionId }));
    await expect(removal).rejects.toMatchObject({ name: 'AccessDenied' });

    const follows = (Key: string, expected: object) =>
      eventually(async () => expect(await lockOf(server(), bucket, Key)).toEqual(expected));
    await retain(Bucket, 'k', { Mode: 'GOVERNANCE', RetainUntilDate: sooner });
    await hold(Bucket, 'k', 'OFF');
    const shorter = { ...lock, ObjectLockRetainUntilDate: sooner, ObjectLockLegalHoldStatus: 'OFF' };
    await follows('k', shorter);
    await retain(Bucket, 'k', {});
    await follows('k', { ObjectLockLegalHoldStatus: 'OFF' });
    await retain(Bucket, 'free', { Mode: 'COMPLIANCE', RetainUntilDate: until });
    await follows('free', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until });
  });
});

test.for<[what: string, destination: string | undefined]>([
  ['on the same server', undefined],
  ['on a Ninefold', 'no-locks'],
  ['on a server of S3', 'abroad-no-locks'],
])('%s, a destination without object lock → FAILED, and nothing is there', async ([, named]) => {
  const destination = named ?? (await newVersioned(here));
  const Bucket = await newLocked(here, `unlike-${destination}`);
  await putRules(here.client, Bucket, [ruleTo(destination)]);
  await put(Bucket, 'k', lock);
  await becomes(Bucket, 'k', 'FAILED');
  if (named === undefined) {
    const { Versions } = await here.client.send(new ListObjectVersionsCommand({ Bucket: destination }));
    expect(Versions).toBeUndefined();
  }
});

test('the destination has a default → what says nothing gets it there, what is retained keeps its own', async () => {
  const [Bucket, copy] = [await newLocked(here, 'plain-source'), await newLocked(here, 'with-default')];
  const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const;
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const;
  await here.client.send(new PutObjectLockConfigurationCommand({ Bucket: copy, ObjectLockConfiguration }));
  await putRules(here.client, Bucket, [ruleTo(copy)]);
  await put(Bucket, 'bare');
  await put(Bucket, 'own', lock);
  for (const Key of ['bare', 'own']) await becomes(Bucket, Key, 'COMPLETED');
  expect((await lockOf(here, copy, 'bare')).ObjectLockMode).toBe('COMPLIANCE');
  expect(await lockOf(here, copy, 'own')).toEqual(lock);
});

test('a lock of the replica is changed → back to its source under ReplicaModifications; both ways at once, both have the same', async () => {
  const [one, two] = [await newLocked(here, 'one'), await newLocked(here, 'two')];
  const mutual: Partial<ReplicationRule> = {
    SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' } },
  };
  await putRules(here.client, one, [ruleTo(two, mutual)]);
  await putRules(here.client, two, [ruleTo(one, mutual)]);
  await put(one, 'k', lock);
  await becomes(one, 'k', 'COMPLETED');
  await hold(two, 'k', 'OFF');
  await eventually(async () => expect((await lockOf(here, one, 'k')).ObjectLockLegalHoldStatus).toBe('OFF'));
  await Promise.all([
    retain(one, 'k', { Mode: 'COMPLIANCE', RetainUntilDate: later }),
    // Refused if it comes behind the longer one.
    retain(two, 'k', { Mode: 'COMPLIANCE', RetainUntilDate: until }).catch(() => {}),
    hold(two, 'k', 'ON'),
  ]);
  const settled = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: later, ObjectLockLegalHoldStatus: 'ON' };
  await eventually(async () => {
    expect(await lockOf(here, one, 'k')).toEqual(settled);
    expect(await lockOf(here, two, 'k')).toEqual(settled);
  });
});

test('a role that may not read retention → FAILED', async () => {
  const [Bucket, copy] = [await newLocked(here, 'guarded'), await newLocked(here, 'unread')];
  const Statement = [
    { Effect: 'Allow', Action: 's3:*', Resource: '*' },
    { Effect: 'Deny', Action: 's3:GetObjectRetention', Resource: '*' },
  ];
  const Role = await makeRole(here, 'blind', { Version: '2012-10-17', Statement });
  const ReplicationConfiguration = { Role, Rules: [ruleTo(copy)] };
  await here.client.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }));
  await put(Bucket, 'free');
  await put(Bucket, 'k', lock);
  await becomes(Bucket, 'k', 'FAILED');
  await becomes(Bucket, 'free', 'COMPLETED');
});
