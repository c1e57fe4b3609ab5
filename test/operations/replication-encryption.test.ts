/** Replication of encrypted objects: which rules select them, under which key replicas are, and whom KMS is asked for. */
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  type ReplicationRule,
  type ServerSideEncryptionRule,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { refusalText } from '../support/refusals.ts';
import { makeRole, newUser, newVersioned, putRules, role, ruleTo, statusOf } from '../support/replicated-buckets.ts';
import { signedRequests } from '../support/signed-requests.ts';

const keys = [{ id: 'source' }, { id: 'replica', alias: 'replicas' }, { id: 'off' }, { id: 'unread' }];
const arnOf = (name: string) => `arn:aws:kms:us-east-1:000000000000:${name}`;
const replicaKey = arnOf('key/replica');
const clientKey = Buffer.alloc(32, 'k');
const underClientKey = {
  SSECustomerAlgorithm: 'AES256',
  SSECustomerKey: clientKey.toString('base64'),
  SSECustomerKeyMD5: createHash('md5').update(clientKey).digest('base64'),
};
const underKms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'source' } as const;
const underTwo = { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: 'source' } as const;
type Asked = Partial<PutObjectCommandInput>;
const partBodies = [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')];

let there: Daemon;
let here: Daemon;
beforeAll(async () => {
  const kms = { encryption: { kms: { keys } } };
  there = await startDaemon({ isHosted: true, config: JSON.stringify(kms) });
  for (const Bucket of ['mirror', 'plain']) {
    await there.client.send(new CreateBucketCommand({ Bucket }));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await there.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  const rights = ['s3:ReplicateObject', 's3:ReplicateTags', 'kms:GenerateDataKey', 'kms:Decrypt'];
  const replicator = await newUser(there, 'replicator', rights);
  const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };
  const { endpoint } = there;
  const destinations = [
    { endpoint, ninefold: true, ...replicator, buckets: [{ arn: 'arn:aws:s3:::mirror' }] },
    { endpoint, ...root, buckets: [{ arn: 'arn:aws:s3:::abroad', name: 'plain' }] },
  ];
  here = await startDaemon({ isHosted: true, config: JSON.stringify({ ...kms, replication: { destinations } }) });
  await makeRole(here, 'replication', asDocumented);
});
afterAll(async () => {
  await here.stop();
  await there.stop();
});

/** As AWS's documentation grants it, to all but one of the keys. */
const viaS3 = { 'kms:ViaService': 's3.us-east-1.amazonaws.com', 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::*' };
const grant = (Action: string, names: readonly string[]) => ({
  ...{ Effect: 'Allow', Action, Resource: names.map((name) => arnOf(`key/${name}`)) },
  Condition: { StringLike: viaS3 },
});
const asDocumented = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 's3:*', Resource: '*' },
    grant('kms:Decrypt', ['source', 'off']),
    ...['kms:Encrypt', 'kms:GenerateDataKey'].map((action) => grant(action, ['replica', 'off'])),
  ],
};

/** A rule that selects objects under keys of KMS. */
const selecting = (bucket: string, ReplicaKmsKeyID = replicaKey, Status: 'Enabled' | 'Disabled' = 'Enabled') =>
  ({
    ...ruleTo(bucket),
    SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status } },
    Destination: { Bucket: `arn:aws:s3:::${bucket}`, EncryptionConfiguration: { ReplicaKmsKeyID } },
  }) satisfies ReplicationRule;

async function pair(
  ruleFor: (copy: string) => ReplicationRule,
  Role = role,
): Promise<{ source: string; copy: string }> {
  const [source, copy] = await Promise.all([newVersioned(here), newVersioned(here)]);
  await setDefault(source, { BlockedEncryptionTypes: { EncryptionType: ['NONE'] } });
  await putRules(here.client, source, [ruleFor(copy)], Role);
  return { source, copy };
}

const setDefault = (Bucket: string, rule: ServerSideEncryptionRule) =>
  here.client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }));
const put = (Bucket: string, Key: string, asked: Asked = {}) =>
  here.client.send(new PutObjectCommand({ Bucket, Key, Body: `text of ${Key}`, ...asked }));
const becomes = (Bucket: string, Key: string, expected: string) =>
  eventually(async () => expect(await statusOf(here.client, Bucket, Key)).toBe(expected));

async function putParts(Bucket: string, Key: string, asked: Asked): Promise<void> {
  const { ServerSideEncryption: _method, SSEKMSKeyId: _key, ...ofParts } = asked;
  const { client } = here;
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...(asked as object) }));
  const Parts = [];
  for (const [i, Body] of partBodies.entries()) {
    const part = { Bucket, Key, UploadId, PartNumber: i + 1, Body, ...(ofParts as object) };
    Parts.push({ ETag: (await client.send(new UploadPartCommand(part))).ETag, PartNumber: i + 1 });
  }
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
}

/** What a replica says of its encryption, and its text. */
async function seen({ client }: Daemon, Bucket: string, Key: string, key: Asked = {}) {
  const found = await client.send(new GetObjectCommand({ Bucket, Key, ...(key as object) }));
  const { ServerSideEncryption: method, SSEKMSKeyId, BucketKeyEnabled, ReplicationStatus: status, ETag } = found;
  return { method, SSEKMSKeyId, BucketKeyEnabled, status, ETag, text: await found.Body?.transformToString() };
}

/** Why what is to be in a bucket has failed. */
async function failuresOf(bucket: string): Promise<readonly string[]> {
  const { body } = await signedRequests(() => here).send({ method: 'GET', path: '/-/replication' });
  const { destinations } = JSON.parse(body);
  const found = destinations.find((one: { destination: string }) => one.destination === `arn:aws:s3:::${bucket}`);
  return found?.failures.map(({ why }: { why: string }) => why) ?? [];
}

async function askKms(action: string, input: object): Promise<void> {
  const headers = { 'x-amz-target': `TrentService.${action}`, 'content-type': 'application/x-amz-json-1.1' };
  const request = { method: 'POST', path: '/', service: 'kms', headers, body: JSON.stringify(input) };
  expect((await signedRequests(() => here).send(request)).status).toBe(200);
}

test.for([
  ['a key for replicas alone', {}, { ReplicaKmsKeyID: replicaKey }, 'InvalidRequest: SseKmsEncryptedObjects must be'],
  ['objects without a key', { SseKmsEncryptedObjects: { Status: 'Enabled' } }, undefined, 'InvalidRequest: ReplicaKms'],
  [
    'a key that is no ARN',
    { SseKmsEncryptedObjects: { Status: 'Disabled' } },
    { ReplicaKmsKeyID: 'replica' },
    'InvalidArgument: Invalid ReplicaKmsKeyID ARN.',
  ],
] as const)('%s → refused', async ([, criteria, EncryptionConfiguration, expected]) => {
  const [source, copy] = await Promise.all([newVersioned(here), newVersioned(here)]);
  const rule: ReplicationRule = {
    ...ruleTo(copy),
    ...(Object.keys(criteria).length > 0 && { SourceSelectionCriteria: criteria }),
    Destination: { Bucket: `arn:aws:s3:::${copy}`, EncryptionConfiguration },
  };
  expect(await refusalText(putRules(here.client, source, [rule]))).toContain(expected);
});

describe('on one server', () => {
  test('a rule that does not select them → objects under keys of KMS stay, without a status; all others are replicated as they are', async () => {
    for (const ruleFor of [ruleTo, (copy: string) => selecting(copy, replicaKey, 'Disabled')]) {
      const { source, copy } = await pair((name) => ruleFor(name));
      await put(source, 'kms', underKms);
      await put(source, 'two', underTwo);
      await put(source, 'own', { ServerSideEncryption: 'AES256' });
      await put(source, 'clear');
      for (const Key of ['own', 'clear']) await becomes(source, Key, 'COMPLETED');
      for (const Key of ['kms', 'two']) expect(await statusOf(here.client, source, Key)).toBeUndefined();
      expect(await seen(here, copy, 'own')).toMatchObject({ method: 'AES256', text: 'text of own' });
      expect(await seen(here, copy, 'clear')).toMatchObject({ method: undefined, text: 'text of clear' });
      const { Versions = [] } = await here.client.send(new ListObjectVersionsCommand({ Bucket: copy }));
      expect(Versions.map(({ Key }) => Key)).toEqual(['clear', 'own']);
    }
  });

  test('a rule that selects them → replicas by the same method, under the key it names, whole and in parts', async () => {
    const { source, copy } = await pair((name) => selecting(name, arnOf('alias/replicas')));
    const SSEKMSEncryptionContext = Buffer.from('{"team":"photos"}').toString('base64');
    const asked: Record<string, Asked> = {
      kms: underKms,
      two: underTwo,
      shared: { ...underKms, BucketKeyEnabled: true },
      bound: { ...underKms, SSEKMSEncryptionContext },
    };
    for (const [Key, one] of Object.entries(asked)) await put(source, Key, one);
    await put(source, 'empty', { ...underKms, Body: '' });
    await putParts(source, 'parts', underKms);
    for (const Key of [...Object.keys(asked), 'empty', 'parts']) await becomes(source, Key, 'COMPLETED');
    for (const [Key, { ServerSideEncryption: method, BucketKeyEnabled }] of Object.entries(asked)) {
      const { ETag } = await here.client.send(new HeadObjectCommand({ Bucket: source, Key }));
      expect(await seen(here, copy, Key)).toEqual({
        ...{ method, SSEKMSKeyId: replicaKey, BucketKeyEnabled, status: 'REPLICA', ETag, text: `text of ${Key}` },
      });
    }
    expect(await seen(here, copy, 'empty')).toMatchObject({ SSEKMSKeyId: replicaKey, text: '' });
    const { ETag } = await here.client.send(new HeadObjectCommand({ Bucket: source, Key: 'parts' }));
    const parts = await seen(here, copy, 'parts');
    expect(parts).toMatchObject({ method: 'aws:kms', SSEKMSKeyId: replicaKey, ETag });
    expect(parts.text).toBe(Buffer.concat(partBodies).toString());
  });

  test('tags change → they are replicated; the key of the source is off → the replica is read all the same', async () => {
    const { source, copy } = await pair((name) => selecting(name));
    await put(source, 'k', { ...underKms, SSEKMSKeyId: 'off' });
    await becomes(source, 'k', 'COMPLETED');
    const TagSet = [{ Key: 'a', Value: '1' }];
    await here.client.send(new PutObjectTaggingCommand({ Bucket: source, Key: 'k', Tagging: { TagSet } }));
    const tagsThere = async () => (await here.client.send(new HeadObjectCommand({ Bucket: copy, Key: 'k' }))).TagCount;
    await eventually(async () => expect(await tagsThere()).toBe(1));
    await askKms('DisableKey', { KeyId: 'off' });
    await expect(put(source, 'k', { ...underKms, SSEKMSKeyId: 'off' })).rejects.toThrow('disabled');
    expect(await seen(here, copy, 'k')).toMatchObject({ text: 'text of k' });
    await askKms('EnableKey', { KeyId: 'off' });
  });

  test.for([
    ['may not decrypt with the key of the source', { SSEKMSKeyId: 'unread' }, replicaKey, 'kms:Decrypt'],
    ['may not encrypt with the key of replicas', {}, arnOf('key/unread'), 'kms:Encrypt'],
    ['is given a key that is not there', {}, arnOf('key/gone'), 'does not exist'],
  ] as const)('the role %s → FAILED, and nothing is there', async ([, asked, key, why]) => {
    const { source, copy } = await pair((name) => selecting(name, key));
    await put(source, 'k', { ...underKms, ...asked });
    await becomes(source, 'k', 'FAILED');
    expect(await failuresOf(copy)).toEqual([expect.stringContaining(why)]);
    const { Versions } = await here.client.send(new ListObjectVersionsCommand({ Bucket: copy }));
    expect(Versions).toBeUndefined();
  });

  test('what is not encrypted → as the destination has new objects', async () => {
    const { source, copy } = await pair((name) => ruleTo(name));
    const byDefault = (SSEAlgorithm: 'AES256' | 'aws:kms', KMSMasterKeyID?: string) =>
      setDefault(copy, { ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID } });
    await byDefault('AES256');
    await put(source, 'own');
    await putParts(source, 'parts', {});
    for (const Key of ['own', 'parts']) await becomes(source, Key, 'COMPLETED');
    expect(await seen(here, copy, 'own')).toMatchObject({ method: 'AES256', text: 'text of own' });
    expect(await seen(here, copy, 'parts')).toMatchObject({ method: 'AES256' });
    await byDefault('aws:kms', 'replica');
    await put(source, 'kms');
    await putParts(source, 'kms parts', {});
    for (const Key of ['kms', 'kms parts']) await becomes(source, Key, 'COMPLETED');
    expect(await seen(here, copy, 'kms')).toMatchObject({ SSEKMSKeyId: replicaKey, text: 'text of kms' });
    const parts = await seen(here, copy, 'kms parts');
    expect(parts).toMatchObject({ SSEKMSKeyId: replicaKey, text: Buffer.concat(partBodies).toString() });
    await byDefault('aws:kms', 'unread');
    await put(source, 'refused');
    await becomes(source, 'refused', 'FAILED');
    expect(await failuresOf(copy)).toEqual([expect.stringContaining('kms:GenerateDataKey')]);
  });

  test('under a key of its client, whole and in parts → read there with the same key, and without it by nobody; blocked there → FAILED', async () => {
    const { source, copy } = await pair((name) => ruleTo(name));
    await setDefault(copy, { BlockedEncryptionTypes: { EncryptionType: ['NONE'] } });
    await put(source, 'k', underClientKey);
    await putParts(source, 'parts', underClientKey);
    for (const Key of ['k', 'parts']) {
      await eventually(async () => {
        const head = { Bucket: source, Key, ...underClientKey };
        expect((await here.client.send(new HeadObjectCommand(head))).ReplicationStatus).toBe('COMPLETED');
      });
      await expect(seen(here, copy, Key)).rejects.toMatchObject({ name: 'InvalidRequest' });
    }
    expect(await seen(here, copy, 'k', underClientKey)).toMatchObject({ text: 'text of k' });
    const parts = await seen(here, copy, 'parts', underClientKey);
    expect(parts).toMatchObject({ status: 'REPLICA', text: Buffer.concat(partBodies).toString() });
    await setDefault(copy, { BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } });
    await put(source, 'blocked', underClientKey);
    await eventually(async () => expect(await failuresOf(copy)).toEqual([expect.stringContaining('blocks objects')]));
  });
});

describe('to another server', () => {
  test.for([
    ['mirror', 'mirror', 'REPLICA'],
    ['abroad', 'plain', undefined],
  ] as const)(
    '%s → by the same method under the key that the rule names, whole and in parts',
    async ([arn, bucket, status]) => {
      const source = await newVersioned(here);
      await setDefault(source, { BlockedEncryptionTypes: { EncryptionType: ['NONE'] } });
      await putRules(here.client, source, [selecting(arn)]);
      await put(source, 'kms', { ...underKms, BucketKeyEnabled: true });
      await put(source, 'two', underTwo);
      await putParts(source, 'parts', underKms);
      for (const Key of ['kms', 'two', 'parts']) await becomes(source, Key, 'COMPLETED');
      const shown = { SSEKMSKeyId: replicaKey, status };
      const kms = { ...shown, method: 'aws:kms', BucketKeyEnabled: true, text: 'text of kms' };
      expect(await seen(there, bucket, 'kms')).toMatchObject(kms);
      expect(await seen(there, bucket, 'two')).toMatchObject({ ...shown, method: 'aws:kms:dsse', text: 'text of two' });
      const parts = await seen(there, bucket, 'parts');
      expect(parts).toMatchObject({ ...shown, method: 'aws:kms', text: Buffer.concat(partBodies).toString() });
      const TagSet = [{ Key: 'a', Value: '1' }];
      for (const Key of ['kms', 'parts']) {
        await here.client.send(new PutObjectTaggingCommand({ Bucket: source, Key, Tagging: { TagSet } }));
        const tagsThere = async () =>
          (await there.client.send(new HeadObjectCommand({ Bucket: bucket, Key }))).TagCount;
        await eventually(async () => expect(await tagsThere()).toBe(1));
      }
      // No version was made for that.
      const { Versions = [] } = await there.client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      expect(Versions.map(({ Key }) => Key)).toEqual(['kms', 'parts', 'two']);
      await put(source, 'client', underClientKey);
      await eventually(async () =>
        expect(await failuresOf(arn)).toEqual([expect.stringContaining('a key of its client')]),
      );
    },
  );

  test('a key that is not there → FAILED, and nothing is there', async () => {
    const source = await newVersioned(here);
    await putRules(here.client, source, [selecting('mirror', arnOf('key/gone'))]);
    await put(source, 'lost', underKms);
    await becomes(source, 'lost', 'FAILED');
    const { Versions = [] } = await there.client.send(new ListObjectVersionsCommand({ Bucket: 'mirror' }));
    expect(Versions.map(({ Key }) => Key)).not.toContain('lost');
  });
});
