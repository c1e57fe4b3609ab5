/**
 * Two servers of ours and a MinIO, each of which replicates to both others, under load and kills. Neither MinIO nor its `mc` is anything that
 * we install: the test runs where MINIO_PROGRAMS is a folder that has both (docs/replication.md).
 */

import { isDeepStrictEqual } from 'node:util';
import {
  CreateBucketCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { Minio } from '../support/minio.ts';
import { makeRole, newUser, putRules, ruleTo } from '../support/replicated-buckets.ts';
import { Bucket, converge, everything, stir, type Told } from '../support/replicated-load.ts';
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
  const daemon = await startDaemon({ port: own, config: JSON.stringify({ replication: { destinations } }) });
  await daemon.client.send(new CreateBucketCommand(locked));
  await makeRole(daemon);
  const both = { SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' as const } } };
  await putRules(daemon.client, Bucket, [ruleTo('ninefold', both), ruleTo('minio', { ...both, Priority: 2 })]);
  return daemon;
}

/** What docs/replication.md says that MinIO's key needs. */
const rights = [
  ...['ReplicateObject', 'ReplicateDelete', 'ReplicateTags', 'GetObjectVersion'],
  ...['ListBucket', 'ListBucketVersions', 'GetBucketLocation', 'GetBucketVersioning'],
  ...['GetBucketObjectLockConfiguration', 'GetObjectRetention', 'GetObjectLegalHold'],
].map((name) => `s3:${name}`);

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

/**
 * A MinIO whose tags are changed while the version is on its way to others sends the old ones with the time of the new ones, and takes
 * that for done: it puts the tags back that the version had when it was queued (`replicateObject` in its cmd/bucket-replication.go). They come
 * with the next change.
 */
async function changeTagsAgain(minio: Minio, others: readonly Daemon[]): Promise<void> {
  const own = (await settled(minio)).filter(({ status }) => status === 'COMPLETED');
  const elsewhere = (await Promise.all(others.map(({ client }) => everything(client)))).flat();
  for (const { Key, VersionId, TagSet } of own) {
    const replicas = elsewhere.filter((one) => one.VersionId === VersionId);
    if (replicas.every((one) => isDeepStrictEqual(one.TagSet, TagSet))) continue;
    const Tagging = { TagSet: [...(TagSet ?? [])] };
    await minio.client.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging }));
  }
}

/**
 * A MinIO takes what comes last, whenever it was set. So of a lock that was changed here and there within a moment, the earlier change may
 * be the one that a MinIO keeps, while the later one counts everywhere else. The next change brings them together.
 */
async function changeLocksAgain({ client }: Daemon, minio: Minio): Promise<void> {
  const there = new Map((await settled(minio)).map((version) => [version.VersionId, version]));
  for (const version of await everything(client)) {
    const { Key, VersionId, ObjectLockMode: Mode, ObjectLockRetainUntilDate: RetainUntilDate } = version;
    const { ObjectLockLegalHoldStatus: Status } = version;
    const other = there.get(VersionId);
    if (other === undefined || isDeepStrictEqual(lockOf(version), lockOf(other))) continue;
    const named = { Bucket, Key, VersionId };
    if (Mode !== undefined) {
      const Retention = { Mode, RetainUntilDate };
      await client.send(new PutObjectRetentionCommand({ ...named, Retention, BypassGovernanceRetention: true }));
    }
    if (Status !== undefined) await client.send(new PutObjectLegalHoldCommand({ ...named, LegalHold: { Status } }));
  }
}

function lockOf({ ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus }: Told) {
  return { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus };
}

/** All that a MinIO has, once none of it waits to be replicated. */
function settled({ client }: Minio): Promise<readonly Told[]> {
  const isSettled = ({ status = '' }: Told) => ['COMPLETED', 'REPLICA', 'marker'].includes(status);
  return eventually(
    async () => {
      const all = await everything(client);
      expect(all.filter((version) => !isSettled(version))).toEqual([]);
      return all;
    },
    { timeout: 120_000, interval: 1000 },
  );
}

test('changes on two sides of ours and on a MinIO, each killed at random → the same versions, bytes, metadata, tags, locks and encryption on all, each COMPLETED on one and REPLICA on the others', async (ctx) => {
  if (programs === undefined) return ctx.skip('MINIO_PROGRAMS names no folder with minio and mc');
  await using minio = await Minio.start(programs);
  await minio.client.send(new CreateBucketCommand(locked));
  const [first, second] = [await freePort(), await freePort()];
  await using one = await startNinefold({ own: first, other: second }, minio);
  await using other = await startNinefold({ own: second, other: first }, minio);
  await replicateTo(minio, one, 1);
  await replicateTo(minio, other, 2);
  const sides = [one, minio, other];
  await stir(sides, { random: new SeededRandom(seed), kills: 6, changesBetween: 60, isGuarded: true });
  await changeTagsAgain(minio, [one, other]);
  await changeLocksAgain(one, minio);
  expect(await converge(sides, { seed, compared })).toBeGreaterThan(30);
});
