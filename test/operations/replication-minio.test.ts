/**
 * MinIO's way of replicating, spoken by one server of ours to another that takes it as MinIO's: what a MinIO itself makes of it is told by
 * `test/clients/replication-minio.slow.test.ts`, where there is one.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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
import { type Daemon, startDaemon } from '../support/daemon.ts';
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

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
let there: Daemon;
let here: Daemon;
let replicator: { accessKeyId: string; secretAccessKey: string };
/** Answers as a MinIO does that has every version already. */
const full = createServer((request, response) => {
  asked.push({ method: request.method, ...request.headers });
  request.resume().on('end', () => {
    if (request.method === 'HEAD') return response.writeHead(405).end();
    const code = '<Error><Code>PreconditionFailed</Code><Message>One of them did not hold</Message></Error>';
    response.writeHead(412, { 'content-type': 'application/xml' }).end(code);
  });
});
const asked: (IncomingHttpHeaders & { readonly method: string | undefined })[] = [];

const alias = 'arn:aws:kms:us-east-1:000000000000:alias/shared';
const keyThere = 'arn:aws:kms:us-east-1:000000000000:key/its-own';

beforeAll(async () => {
  const keys = [{ id: 'its-own', alias: 'shared' }];
  there = await startDaemon({ config: JSON.stringify({ encryption: { kms: { keys } } }) });
  await there.client.send(new CreateBucketCommand({ Bucket: 'mirror' }));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await there.client.send(new PutBucketVersioningCommand({ Bucket: 'mirror', VersioningConfiguration }));
  const replicates = ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'];
  // It is asked for markers before it is told of them.
  const asks = ['s3:GetObjectVersion', 's3:GetObjectVersionTagging', 's3:ListBucketVersions'];
  replicator = await newUser(there, 'replicator', [...replicates, ...asks, 'kms:GenerateDataKey']);
  const { accessKeyId, secretAccessKey } = replicator;
  const buckets = [{ arn: 'arn:aws:s3:::mirror' }];
  const endpointOfFull = await listening(full);
  const destinations = [
    { endpoint: there.endpoint, minio: true, accessKeyId, secretAccessKey, buckets },
    {
      endpoint: endpointOfFull,
      ...{ minio: true, accessKeyId, secretAccessKey },
      buckets: [{ arn: 'arn:aws:s3:::full' }],
    },
  ];
  const encryption = { kms: { keys: [{ id: 'source' }] } };
  here = await startDaemon({ config: JSON.stringify({ replication: { destinations }, encryption }) });
  const statement = { Effect: 'Allow', Action: ['s3:*', 'kms:*'], Resource: '*' };
  await makeRole(here, 'replication', { Version: '2012-10-17', Statement: [statement] });
});
afterAll(async () => {
  await here.stop();
  await there.stop();
  full.close();
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('versions, markers, parts and changed tags → there by the same ids, UUIDs, and in the same order, as replicas', async () => {
  const Bucket = await newVersioned(here);
  await putRules(here.client, Bucket, [ruleTo('mirror')]);
  const Key = "a b/ü+'(x)&.txt";
  const said = {
    ContentType: 'text/plain',
    Metadata: { colour: 'green' },
    Tagging: 'k%2B=v%20w',
    CacheControl: 'no-store',
  };
  await here.client.send(new PutObjectCommand({ Bucket, Key, Body: 'one', ...said, ChecksumAlgorithm: 'SHA256' }));
  await here.client.send(new DeleteObjectCommand({ Bucket, Key }));
  await here.client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(100_000, 7), ...said }));
  const named = { Bucket, Key: 'parts' };
  const { UploadId } = await here.client.send(
    new CreateMultipartUploadCommand({ ...named, Metadata: { in: 'parts' } }),
  );
  const Parts = [];
  for (const [i, Body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')].entries()) {
    const { ETag } = await here.client.send(new UploadPartCommand({ ...named, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ ETag, PartNumber: i + 1 });
  }
  await here.client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }));
  await eventually(async () => {
    for (const one of [Key, 'parts']) expect(await statusOf(here.client, Bucket, one)).toBe('COMPLETED');
  });
  const TagSet = [{ Key: 'now', Value: 'a +/=@' }];
  await here.client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  const tagsThere = () => there.client.send(new GetObjectTaggingCommand({ Bucket: 'mirror', Key }));
  await eventually(async () => expect((await tagsThere()).TagSet).toEqual(TagSet));

  // An upload's time is when it was begun, of which MinIO says nothing.
  const told = (all: readonly object[]) => all.map((one) => ({ ...one, LastModified: undefined }));
  const versions = await versionsOf(here.client, Bucket);
  await eventually(async () => expect(told(await versionsOf(there.client, 'mirror'))).toEqual(told(versions)));
  for (const version of versions) expect(Reflect.get(version, 'VersionId')).toMatch(uuid);
  const [got, source] = [
    await there.client.send(new GetObjectCommand({ Bucket: 'mirror', Key })),
    await here.client.send(new GetObjectCommand({ Bucket, Key })),
  ];
  for (const name of [
    'ETag',
    'ContentType',
    'CacheControl',
    'Metadata',
    'TagCount',
    'LastModified',
    'VersionId',
  ] as const) {
    expect(got[name], name).toEqual(source[name]);
  }
  expect(await got.Body?.transformToByteArray()).toEqual(await source.Body?.transformToByteArray());
  expect(await statusOf(there.client, 'mirror', 'parts')).toBe('REPLICA');
});

test('an object under a key of KMS → there under the key that has the name of the alias in the rule', async () => {
  const Bucket = await newVersioned(here);
  const Destination = { Bucket: 'arn:aws:s3:::mirror', EncryptionConfiguration: { ReplicaKmsKeyID: alias } };
  const SourceSelectionCriteria = { SseKmsEncryptedObjects: { Status: 'Enabled' as const } };
  await putRules(here.client, Bucket, [ruleTo('mirror', { SourceSelectionCriteria, Destination })]);
  const encrypted = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'source' } as const;
  await here.client.send(new PutObjectCommand({ Bucket, Key: 'secret', Body: 'text', ...encrypted }));
  await eventually(async () => expect(await statusOf(here.client, Bucket, 'secret')).toBe('COMPLETED'));
  const got = await there.client.send(new GetObjectCommand({ Bucket: 'mirror', Key: 'secret' }));
  expect(got).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyThere });
  expect(await got.Body?.transformToString()).toBe('text');
});

test('a MinIO that has the versions already, as after a kill → COMPLETED, and it is not told of a marker again, which would remove it; it was told of checksum, encryption and lock', async () => {
  const Bucket = 'source-of-full';
  await here.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  await putRules(here.client, Bucket, [ruleTo('full')]);
  await here.client.send(new DeleteObjectCommand({ Bucket, Key: 'whole' }));
  const object = { Bucket, Key: 'whole', Body: 'text', ServerSideEncryption: 'AES256' as const };
  const lock = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date('2040-01-01T00:00:00Z') } as const;
  await here.client.send(new PutObjectCommand({ ...object, ...lock, ChecksumAlgorithm: 'CRC64NVME' }));
  const named = { Bucket, Key: 'parts' };
  const { UploadId } = await here.client.send(new CreateMultipartUploadCommand(named));
  const { ETag } = await here.client.send(new UploadPartCommand({ ...named, UploadId, PartNumber: 1, Body: 'part' }));
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  await here.client.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload }));
  await eventually(async () => {
    for (const one of ['whole', 'parts']) expect(await statusOf(here.client, Bucket, one)).toBe('COMPLETED');
  });
  const methods = asked.map(({ method }) => method);
  expect(methods).toContain('HEAD');
  expect(methods).not.toContain('DELETE');
  expect(asked).toContainEqual(
    expect.objectContaining({
      'x-amz-checksum-crc64nvme': expect.any(String),
      'x-amz-server-side-encryption': 'AES256',
      'x-amz-object-lock-mode': 'GOVERNANCE',
      'x-amz-object-lock-retain-until-date': '2040-01-01T00:00:00.000Z',
      'x-minio-source-replication-retention-timestamp': expect.stringMatching(/^20.+Z$/),
    }),
  );
});

describe('requests of a MinIO', () => {
  const { send, sendWire } = signedRequests(() => there);
  const id = '0b5e9f04-6a47-4c1e-9f2b-0a1b2c3d4e5f';
  const marked = {
    'x-minio-source-replication-request': 'true',
    'x-minio-source-mtime': '2026-11-27T10:20:30.123456789Z',
  };
  const put = { method: 'PUT', path: '/mirror/asked', query: [['versionId', id]] as const, body: 'x', headers: marked };

  test('a version that is there already → nothing is done; later changes of its tags count, earlier ones do not', async () => {
    const VersionId = id;
    for (let times = 0; times < 2; times++) expect((await send({ ...put, key: replicator })).status).toBe(200);
    const versions = (await versionsOf(there.client, 'mirror')).filter((one) => Reflect.get(one, 'Key') === 'asked');
    expect(versions).toMatchObject([{ VersionId, LastModified: new Date('2026-11-27T10:20:30.000Z') }]);
    const change = (at: string, tags: string, more: Record<string, string> = {}) =>
      send({
        ...put,
        key: replicator,
        body: '',
        headers: {
          ...marked,
          'x-amz-copy-source': `mirror/asked?versionId=${id}`,
          'x-amz-metadata-directive': 'REPLACE',
          'x-amz-tagging-directive': 'REPLACE',
          'x-amz-tagging': tags,
          'x-minio-source-replication-tagging-timestamp': at,
          ...more,
        },
      });
    expect((await change('2026-11-27T11:00:00Z', 'a=later')).status).toBe(200);
    expect((await change('2026-11-27T10:30:00Z', 'a=earlier')).status).toBe(200);
    // Never changed there, and of a text that would be the later one of two in the same moment.
    const unchanged = { 'x-minio-source-replication-tagging-timestamp': marked['x-minio-source-mtime'] };
    expect((await change('', 'z=unchanged', unchanged)).status).toBe(200);
    const named = { Bucket: 'mirror', Key: 'asked', VersionId };
    const tags = async () => (await there.client.send(new GetObjectTaggingCommand(named))).TagSet;
    expect(await tags()).toEqual([{ Key: 'a', Value: 'later' }]);
    // Of an upload it is told another time than its own, and begins to send all of it.
    const begun = {
      ...{ ...put, method: 'POST', body: '', key: replicator },
      query: [['uploads', ''], ...put.query] as const,
      headers: {
        ...marked,
        'x-amz-tagging': 'a=last',
        'x-minio-source-replication-tagging-timestamp': '2026-11-27T11:30:00Z',
        // Of the object, not of the body that there is none of.
        'x-amz-checksum-algorithm': 'CRC32',
        'x-amz-checksum-crc32': 'NhCmhg==',
      },
    };
    expect(await send(begun)).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    expect(await tags()).toEqual([{ Key: 'a', Value: 'last' }]);
  });

  test('under a key of KMS by its name → under the one of that alias; all of it again with other tags, as their ETags differ → only the tags are changed; an unknown name → refused', async () => {
    const named = { Bucket: 'mirror', Key: 'secret-there', VersionId: id };
    const ask = (name: string, headers: Record<string, string> = {}) =>
      send({
        ...{ ...put, path: '/mirror/secret-there', key: replicator },
        headers: {
          ...{ ...marked, ...headers, 'x-amz-server-side-encryption': 'aws:kms' },
          'x-amz-server-side-encryption-aws-kms-key-id': `arn:aws:kms:${name}`,
        },
      });
    expect((await ask('unknown')).body).toContain(
      'Alias arn:aws:kms:us-east-1:000000000000:alias/unknown is not found',
    );
    expect(await ask('shared')).toMatchObject({ status: 200 });
    expect(await there.client.send(new HeadObjectCommand(named))).toMatchObject({ SSEKMSKeyId: keyThere });
    const changed = {
      'x-amz-tagging': 'a=later',
      'x-minio-source-replication-tagging-timestamp': '2026-11-27T11:30:00Z',
    };
    expect(await ask('shared', changed)).toMatchObject({ status: 412, code: 'PreconditionFailed' });
    const { TagSet } = await there.client.send(new GetObjectTaggingCommand(named));
    expect(TagSet).toEqual([{ Key: 'a', Value: 'later' }]);
  });

  test('changed tags or a marker that a MinIO told, to which the bucket is replicated → it is looked at afterwards, and the version does not wait for that', async () => {
    const Bucket = await newVersioned(here);
    const SourceSelectionCriteria = { ReplicaModifications: { Status: 'Enabled' as const } };
    await putRules(here.client, Bucket, [ruleTo('full', { SourceSelectionCriteria })]);
    const { VersionId = '' } = await here.client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    await eventually(async () => expect(await statusOf(here.client, Bucket, 'k')).toBe('COMPLETED'));
    const { send: sendHere } = signedRequests(() => here);
    const waiting = async () => {
      const { destinations } = JSON.parse((await sendHere({ method: 'GET', path: '/-/replication' })).body);
      return destinations.filter((one: { destination: string }) => one.destination === 'arn:aws:s3:::full');
    };
    await eventually(async () => expect(await waiting()).toEqual([]));
    const headers = {
      ...{ ...marked, 'x-amz-copy-source': `${Bucket}/k?versionId=${VersionId}`, 'x-amz-tagging': 'a=there' },
      ...{ 'x-amz-metadata-directive': 'REPLACE', 'x-amz-tagging-directive': 'REPLACE' },
      'x-minio-source-replication-tagging-timestamp': new Date().toISOString(),
    };
    const query = [['versionId', VersionId]] as const;
    expect((await sendHere({ method: 'PUT', path: `/${Bucket}/k`, query, headers })).status).toBe(200);
    expect(await waiting()).toMatchObject([{ waiting: 1, failed: 0 }]);
    expect(await statusOf(here.client, Bucket, 'k')).toBe('COMPLETED');
    const marker = {
      headers: { ...marked, 'x-minio-source-deletemarker': 'true' },
      query: [['versionId', id]] as const,
    };
    expect((await sendHere({ method: 'DELETE', path: `/${Bucket}/k`, ...marker })).status).toBe(204);
    expect(await waiting()).toMatchObject([{ waiting: 2, failed: 0 }]);
  });

  test('retention and hold, with when they were set → the replica has them; what was set later counts, removed retention too, what was set earlier does not', async () => {
    const Bucket = 'locked';
    await there.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
    const named = { Bucket, Key: 'asked', VersionId: id };
    const lock = async () => {
      const head = await there.client.send(new HeadObjectCommand(named));
      return [head.ObjectLockMode, head.ObjectLockRetainUntilDate?.toISOString(), head.ObjectLockLegalHoldStatus];
    };
    const ask = (headers: Record<string, string>) =>
      send({ ...put, path: '/locked/asked', key: replicator, headers: { ...marked, ...headers } });
    const [mode, date, hold] = ['mode', 'retain-until-date', 'legal-hold'].map(
      (name) => `x-amz-object-lock-${name}`,
    ) as [string, string, string];
    const setAt = 'x-minio-source-replication-retention-timestamp';
    const heldAt = 'x-minio-source-replication-legalhold-timestamp';
    const until = '2040-01-01T00:00:00Z';
    const made = { [mode]: 'GOVERNANCE', [date]: until, [hold]: 'ON' };
    // Without a digest, which a client needs.
    expect(await ask(made)).toMatchObject({ status: 200 });
    expect(await lock()).toEqual(['GOVERNANCE', '2040-01-01T00:00:00.000Z', 'ON']);
    const change = (headers: Record<string, string>) =>
      ask({
        'x-amz-copy-source': `locked/asked?versionId=${id}`,
        'x-amz-metadata-directive': 'REPLACE',
        'x-amz-tagging-directive': 'REPLACE',
        'x-amz-tagging': '',
        ...headers,
      });
    const released = { ...made, [hold]: 'OFF', [heldAt]: '2026-11-27T11:00:00Z' };
    expect(await change(released)).toMatchObject({ status: 200 });
    expect(await lock()).toEqual(['GOVERNANCE', '2040-01-01T00:00:00.000Z', 'OFF']);
    const removed = { ...released, [mode]: '', [date]: '', [setAt]: '2026-11-27T11:30:00Z' };
    expect(await change({ ...removed, [hold]: 'ON', [heldAt]: '2026-11-27T10:59:00Z' })).toMatchObject({
      status: 200,
    });
    expect(await lock()).toEqual([undefined, undefined, 'OFF']);
    expect(await change({ ...released, [setAt]: '2026-11-27T11:20:00Z' })).toMatchObject({ status: 200 });
    expect(await lock()).toEqual([undefined, undefined, 'OFF']);
    expect(await change({ ...removed, [hold]: 'MAYBE' })).toMatchObject({ status: 400 });
    expect(await ask({ ...made, [mode]: '' })).toMatchObject({ status: 400 });
    const byClient = { method: 'PUT', path: '/locked/mine', body: 'x', headers: { [mode]: '' } };
    expect(await send(byClient)).toMatchObject({ status: 400 });
  });

  test('without a right to replicate, without an id, of the future, or to remove a version → refused', async () => {
    const writer = await newUser(there, 'writer', ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion']);
    expect(await send({ ...put, key: writer })).toMatchObject({ status: 403 });
    expect(await send({ ...put, query: [], key: replicator })).toMatchObject({ status: 400 });
    const later = { ...marked, 'x-minio-source-mtime': '2126-11-27T10:20:30Z' };
    expect(await send({ ...put, headers: later, key: replicator })).toMatchObject({ status: 400 });
    const removal = { ...put, method: 'DELETE', body: '', key: replicator };
    expect(await send(removal)).toMatchObject({ status: 400 });
  });

  test('whether the server is there → it is; to anybody else that is an object of a bucket', async () => {
    const ask = (agent: string) =>
      sendWire({
        method: 'GET',
        rawPath: '/minio/health/live',
        rawQuery: '',
        headers: { host: 'x', 'user-agent': agent },
      });
    expect((await ask('Go-http-client/1.1')).status).toBe(200);
    expect((await ask('curl/8')).status).toBe(404);
  });
});
