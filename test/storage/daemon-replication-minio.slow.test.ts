/**
 * Two servers of ours and a MinIO, each of which replicates to both others, under load and kills. Neither MinIO nor its `mc` is anything that
 * we install: the test runs where MINIO_PROGRAMS is a folder that has both (docs/replication.md).
 */
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { Minio } from '../support/minio.ts';
import { makeRole, putRules, ruleTo } from '../support/replicated-buckets.ts';
import { Bucket, converge, stir, type Told } from '../support/replicated-load.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const programs = process.env['MINIO_PROGRAMS'];
const seed = 20_261_128;
const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };
const versioned = { Bucket, VersioningConfiguration: { Status: 'Enabled' as const } };

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
  await daemon.client.send(new CreateBucketCommand({ Bucket }));
  await daemon.client.send(new PutBucketVersioningCommand(versioned));
  await makeRole(daemon);
  const both = { SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' as const } } };
  await putRules(daemon.client, Bucket, [ruleTo('ninefold', both), ruleTo('minio', { ...both, Priority: 2 })]);
  return daemon;
}

async function replicateTo(minio: Minio, { port }: Daemon, priority: number): Promise<void> {
  const remote = `http://${root.accessKeyId}:${root.secretAccessKey}@127.0.0.1:${port}/${Bucket}`;
  const what = ['--priority', String(priority), '--replicate', 'delete-marker,metadata-sync'];
  await minio.mc('replicate', 'add', `server/${Bucket}`, '--remote-bucket', remote, ...what);
}

/** What MinIO has, too: it tells other times of uploads, and no algorithms of checksums. */
function compared(all: readonly Told[]): readonly object[] {
  const names = ['Key', 'VersionId', 'kind', 'ETag', 'Size', 'IsLatest', 'bytes', 'Metadata', 'ContentType', 'TagSet'];
  // Markers stand apart in answers, and their order among versions shows in IsLatest alone.
  return all.map((one) => Object.fromEntries(names.map((name) => [name, Reflect.get(one, name)])));
}

test('changes on two sides of ours and on a MinIO, each killed at random → the same versions, bytes, metadata and tags on all, each COMPLETED on one and REPLICA on the others', async () => {
  if (programs === undefined) {
    process.stderr.write('NOT TESTED: MINIO_PROGRAMS names no folder with minio and mc\n');
    return;
  }
  await using minio = await Minio.start(programs);
  await minio.client.send(new CreateBucketCommand({ Bucket }));
  await minio.client.send(new PutBucketVersioningCommand(versioned));
  const [first, second] = [await freePort(), await freePort()];
  await using one = await startNinefold({ own: first, other: second }, minio);
  await using other = await startNinefold({ own: second, other: first }, minio);
  await replicateTo(minio, one, 1);
  await replicateTo(minio, other, 2);
  const sides = [one, minio, other];
  await stir(sides, { random: new SeededRandom(seed), kills: 3, changesBetween: 60 });
  expect(await converge(sides, { seed, compared })).toBeGreaterThan(30);
});
