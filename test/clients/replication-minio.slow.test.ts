/**
 * Two servers of ours and a MinIO, each of which replicates to both others, under load and kills. Neither MinIO nor its `mc` is anything that
 * we install: the test runs where MINIO_PROGRAMS is a folder that has both (docs/replication.md).
 */

import { CreateBucketCommand, PutObjectCommand, PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Minio } from '../support/minio.ts';
import { makeRole, newUser, putRules, ruleTo, statusOf } from '../support/replicated-buckets.ts';
import { Bucket, converge, everything, type Side, stir, type Told } from '../support/replicated-load.ts';
import { SeededRandom, testSeed } from '../support/seeded-random.ts';

const programs = process.env['MINIO_PROGRAMS'];
const seed = testSeed(20_261_128);
const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };
/** Object lock brings versioning. */
const locked = { Bucket, ObjectLockEnabledForBucket: true };

interface Ports {
  readonly own: number;
  readonly other: number;
}

async function startNinefold({ own, other }: Ports, minio: Minio): Promise<Daemon> {
  const destinations = [
    {
      endpoint: `http://127.0.0.1:${other}`,
      ...root,
      ninefold: true,
      timeoutMs: 5000,
      buckets: [{ arn: 'arn:aws:s3:::ninefold', name: Bucket }],
    },
    {
      endpoint: minio.endpoint,
      ...minio.key,
      minio: true,
      timeoutMs: 5000,
      buckets: [{ arn: 'arn:aws:s3:::minio', name: Bucket }],
    },
  ];
  const encryption = { kms: { keys: [{ id: 'own', alias: 'shared' }] } };
  const config = JSON.stringify({ encryption, replication: { destinations } });
  const daemon = await startDaemon({ port: own, config });
  await daemon.client.send(new CreateBucketCommand(locked));
  const Statement = [{ Effect: 'Allow', Action: ['s3:*', 'kms:*'], Resource: '*' }];
  await makeRole(daemon, 'replication', { Version: '2012-10-17', Statement });
  const on = { Status: 'Enabled' as const };
  const SourceSelectionCriteria = { ReplicaModifications: on, SseKmsEncryptedObjects: on };
  const EncryptionConfiguration = { ReplicaKmsKeyID: 'arn:aws:kms:us-east-1:000000000000:alias/shared' };
  const rules = ['ninefold', 'minio'].map((name, i) => {
    const Destination = { Bucket: `arn:aws:s3:::${name}`, EncryptionConfiguration };
    return ruleTo(name, { SourceSelectionCriteria, Destination, Priority: i + 1 });
  });
  await putRules(daemon.client, Bucket, rules);
  return daemon;
}

/** What docs/replication.md says that MinIO's key needs. */
const rights = [
  ...['ReplicateObject', 'ReplicateDelete', 'ReplicateTags', 'GetObjectVersion'],
  ...['ListBucket', 'ListBucketVersions', 'GetBucketLocation', 'GetBucketVersioning'],
  ...['GetBucketObjectLockConfiguration', 'GetObjectRetention', 'GetObjectLegalHold'],
]
  .map((name) => `s3:${name}`)
  .concat('kms:GenerateDataKey', 'kms:Decrypt');

async function replicateTo(minio: Minio, daemon: Daemon, priority: number): Promise<void> {
  const { port } = daemon;
  const { accessKeyId, secretAccessKey } = await newUser(daemon, 'minio', rights);
  const remote = `http://${accessKeyId}:${secretAccessKey}@127.0.0.1:${port}/${Bucket}`;
  const what = ['--priority', String(priority), '--replicate', 'delete,delete-marker,metadata-sync'];
  await minio.mc('replicate', 'add', `server/${Bucket}`, '--remote-bucket', remote, ...what);
}

/** What MinIO has, too: it tells other times of uploads, and no algorithms of checksums. */
function compared(all: readonly Told[]): readonly object[] {
  const names = [
    ...['Key', 'VersionId', 'kind', 'ETag', 'Size', 'IsLatest', 'bytes', 'Metadata', 'ContentType', 'TagSet'],
    ...['ServerSideEncryption', 'ObjectLockMode', 'ObjectLockRetainUntilDate', 'ObjectLockLegalHoldStatus'],
  ];
  // Markers stand apart in answers, and their order among versions shows in IsLatest alone.
  return all.map((one) => Object.fromEntries(names.map((name) => [name, Reflect.get(one, name)])));
}

/** All three, each of which replicates to both others. */
async function startAll(stack: AsyncDisposableStack, folder: string) {
  const minio = stack.use(await Minio.start(folder));
  await minio.client.send(new CreateBucketCommand(locked));
  const [first, second] = [await freePort(), await freePort()];
  const one = stack.use(await startNinefold({ own: first, other: second }, minio));
  const other = stack.use(await startNinefold({ own: second, other: first }, minio));
  await replicateTo(minio, one, 1);
  await replicateTo(minio, other, 2);
  return { minio, one, other };
}

test('changes on two sides of ours and on a MinIO, each killed at random → the same versions, bytes, metadata, tags, locks and encryption on all, each COMPLETED on one and REPLICA on the others', async (ctx) => {
  if (programs === undefined) return ctx.skip('MINIO_PROGRAMS names no folder with minio and mc');
  await using stack = new AsyncDisposableStack();
  const { minio, one, other } = await startAll(stack, programs);
  const sides = [one, minio, other];
  await stir(sides, { random: new SeededRandom(seed), kills: 6, changesBetween: 60, isGuarded: true });
  expect(await converge(sides, { seed, compared })).toBeGreaterThan(30);
});

test('objects under a key of KMS, from here and from a MinIO → on all under the key that has the name there, with changed tags too; under two keys, which a MinIO does not know → FAILED', async (ctx) => {
  if (programs === undefined) return ctx.skip('MINIO_PROGRAMS names no folder with minio and mc');
  await using stack = new AsyncDisposableStack();
  const { minio, one, other } = await startAll(stack, programs);
  const sides = [one, minio, other];
  const made = [
    { side: one, Key: 'from-here', SSEKMSKeyId: 'alias/shared' },
    { side: minio, Key: 'from-minio', SSEKMSKeyId: 'shared' },
  ];
  const TagSet = [{ Key: 'n', Value: 'changed' }];
  for (const { side, Key, SSEKMSKeyId } of made) {
    const encrypted = { Bucket, Key, Body: 'text', ServerSideEncryption: 'aws:kms', SSEKMSKeyId } as const;
    await side.client.send(new PutObjectCommand(encrypted));
    await eventually(() => everywhere(sides, Key, { ServerSideEncryption: 'aws:kms' }), { timeout: 30_000 });
    await side.client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
    await eventually(() => everywhere(sides, Key, { TagSet }), { timeout: 30_000 });
  }
  const twice = { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: 'alias/shared' } as const;
  await one.client.send(new PutObjectCommand({ Bucket, Key: 'twice', Body: 'x', ...twice }));
  await eventually(async () => expect(await statusOf(one.client, Bucket, 'twice')).toBe('FAILED'), { timeout: 30_000 });
});

/** Expects a version on each side as it should be, COMPLETED on one and REPLICA on the others. */
async function everywhere(sides: readonly Side[], key: string, expected: Partial<Told>): Promise<void> {
  const all = await Promise.all(sides.map(({ client }) => everything(client)));
  const found = all.map((versions) => versions.filter(({ Key }) => Key === key));
  for (const versions of found) expect(versions).toMatchObject([expected]);
  const statuses = found.flatMap((versions) => versions.map(({ status }) => status)).toSorted();
  expect(statuses).toEqual(['COMPLETED', 'REPLICA', 'REPLICA']);
}
