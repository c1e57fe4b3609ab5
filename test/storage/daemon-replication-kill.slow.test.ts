/** Two servers that replicate to each other under load, while either is killed again and again. */
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { makeRole, putRules, ruleTo, versionsOf } from '../support/replicated-buckets.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const seed = 20_261_127;
const kills = 6;
const changesBetween = 120;
const keysMax = 12;
const Bucket = 'shared';
/** Clients write into the one they are given. */
const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };

/** A server whose bucket is replicated to that of another one, which may not be there yet. */
async function startSide(port: number, other: { port: number }): Promise<Daemon> {
  const buckets = [{ arn: 'arn:aws:s3:::the-other', name: Bucket }];
  const destinations = [
    { endpoint: `http://127.0.0.1:${other.port}`, ...root, ninefold: true, timeoutMs: 5000, buckets },
  ];
  const daemon = await startDaemon({ port, config: JSON.stringify({ replication: { destinations } }) });
  await daemon.client.send(new CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  await makeRole(daemon);
  const both = { SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' as const } } };
  await putRules(daemon.client, Bucket, [ruleTo('the-other', both)]);
  return daemon;
}

/** One change by a client; what is refused or cut off is as good as none. */
async function change({ client }: Daemon, random: SeededRandom): Promise<void> {
  const Key = `key-${random.below(keysMax)}`;
  const kind = random.below(20);
  if (kind === 0) return upload(client, Key);
  if (kind < 4) await client.send(new DeleteObjectCommand({ Bucket, Key }));
  else if (kind < 8) {
    const Tagging = { TagSet: [{ Key: 'n', Value: String(random.below(1000)) }] };
    await client.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging }));
  } else {
    const Body = Buffer.alloc(random.below(4) === 0 ? 300_000 : 100, random.below(256));
    await client.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { n: String(random.below(1000)) } }));
  }
}

async function upload(client: Daemon['client'], Key: string): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
  const Parts = [];
  for (const [i, Body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')].entries()) {
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ ETag, PartNumber: i + 1 });
  }
  await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
}

/** All that can be told of every version, in order. */
async function everything({ client }: Daemon) {
  const listed = (await versionsOf(client, Bucket)) as { Key: string; VersionId: string; kind: string }[];
  return Promise.all(
    listed.map(async ({ Key, VersionId, ...rest }) => {
      if (rest.kind === 'marker') return { Key, VersionId, ...rest, status: 'marker' };
      const named = { Bucket, Key, VersionId };
      const got = await client.send(new GetObjectCommand(named));
      const bytes = createHash('sha256')
        .update((await got.Body?.transformToByteArray()) ?? '')
        .digest('hex');
      const { TagSet } = await client.send(new GetObjectTaggingCommand(named));
      const { Metadata, ContentType, ReplicationStatus: status } = got;
      return { Key, VersionId, ...rest, bytes, Metadata, ContentType, TagSet, status };
    }),
  );
}

test('changes on both sides, either killed at random → the same versions, bytes, metadata and tags on both, each COMPLETED here and REPLICA there', async () => {
  const random = new SeededRandom(seed);
  const ports = [await freePort(), await freePort()] as const;
  await using one = await startSide(ports[0], { port: ports[1] });
  await using other = await startSide(ports[1], { port: ports[0] });
  for (let kill = 0; kill < kills; kill++) {
    let left = changesBetween;
    const client = async (): Promise<void> => {
      while (left-- > 0) await change(random.below(2) === 0 ? one : other, random).catch(() => {});
    };
    const clients = Promise.all(Array.from({ length: 6 }, client));
    const killAt = random.below(changesBetween - 30);
    await eventually(() => expect(left).toBeLessThan(killAt));
    const victim = kill % 2 === 0 ? one : other;
    await victim.kill9();
    await eventually(() => expect(left).toBeLessThanOrEqual(0));
    await clients;
    await victim.start();
  }
  const withoutStatus = (all: Awaited<ReturnType<typeof everything>>) =>
    all.map(({ status: _differs, ...rest }) => rest);
  await vi.waitFor(
    async () => {
      const [here, there] = [await everything(one), await everything(other)];
      expect(withoutStatus(here), `seed ${seed}`).toEqual(withoutStatus(there));
      for (const [i, { status }] of here.entries()) {
        const pair = [status, there[i]?.status].toSorted().join(' ');
        expect(['COMPLETED REPLICA', 'marker marker'], `seed ${seed}`).toContain(pair);
      }
    },
    { timeout: 120_000, interval: 500 },
  );
  const all = await everything(one);
  expect(all.length).toBeGreaterThan(kills * 20);
  // What rests stays as it is: nothing goes round.
  expect(await everything(one)).toEqual(all);
});
