/** Replication to moto's S3, which is not ours. */
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { region, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { type Moto, startMoto } from '../support/moto.ts';
import { makeRole, newVersioned, putRules, ruleTo, statusOf, versionsOf } from '../support/replicated-buckets.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { pythonClients, setupLimitMs } from './python.ts';

const key = { accessKeyId: 'KEY', secretAccessKey: 'a-secret' };
const Copies = 'copies';
const Killed = 'copies-under-kills';
const guards = [{}, { ServerSideEncryption: 'AES256' }, { ObjectLockLegalHoldStatus: 'ON' }] as const;
let moto: Moto | undefined;
let there: S3Client | undefined;
let endpoint = '';
let missing: string | undefined;

beforeAll(async () => {
  const python = await pythonClients('moto');
  missing = python.missing;
  if (python.interpreter === undefined) return;
  moto = await startMoto(python.interpreter);
  endpoint = moto.endpoint;
  const client = new S3Client({ endpoint, region, credentials: { ...key }, forcePathStyle: true });
  there = client;
  await eventually(() => client.send(new CreateBucketCommand({ Bucket: Copies })));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await client.send(new PutBucketVersioningCommand({ Bucket: Copies, VersioningConfiguration }));
}, setupLimitMs);

afterAll(async () => {
  there?.destroy();
  await moto?.[Symbol.asyncDispose]();
});

test('versions, markers, parts, metadata and tags → as many there, with the same ETags, metadata and tags', async (ctx) => {
  const client = there;
  if (missing !== undefined || client === undefined) return ctx.skip(missing ?? 'moto does not run');
  const destinations = [{ endpoint, ...key, buckets: [{ arn: 'arn:aws:s3:::moto', name: Copies }] }];
  await using daemon = await startDaemon({ config: JSON.stringify({ replication: { destinations } }) });
  const here = daemon.client;
  await makeRole(daemon);
  const Bucket = await newVersioned(daemon);
  await putRules(here, Bucket, [ruleTo('moto')]);
  const Key = 'a b/ü.txt';
  const said = { ContentType: 'text/x', Metadata: { colour: 'red' }, Tagging: 'k=v%20w' };
  await here.send(new PutObjectCommand({ Bucket, Key, Body: 'one', ...said }));
  await here.send(new DeleteObjectCommand({ Bucket, Key }));
  await here.send(new PutObjectCommand({ Bucket, Key, Body: 'two', ...said }));
  const named = { Bucket, Key: 'parts' };
  const { UploadId } = await here.send(new CreateMultipartUploadCommand(named));
  const Parts = [];
  for (const [i, Body] of [Buffer.alloc(5 * 1024 * 1024, 1), Buffer.from('the end')].entries()) {
    const { ETag } = await here.send(new UploadPartCommand({ ...named, UploadId, PartNumber: i + 1, Body }));
    Parts.push({ ETag, PartNumber: i + 1 });
  }
  await here.send(new CompleteMultipartUploadCommand({ ...named, UploadId, MultipartUpload: { Parts } }));
  for (const written of [Key, 'parts']) {
    await eventually(async () => expect(await statusOf(here, Bucket, written)).toBe('COMPLETED'));
  }
  const kinds = async (side: S3Client, bucket: string) =>
    (await versionsOf(side, bucket)).map((one) => ('ETag' in one ? one.ETag : 'marker')).toSorted();
  expect(await kinds(client, Copies)).toEqual(await kinds(here, Bucket));
  const replica = await client.send(new HeadObjectCommand({ Bucket: Copies, Key }));
  expect(replica).toMatchObject({ ContentType: 'text/x', Metadata: { colour: 'red' } });
  const tagsThere = async () => (await client.send(new GetObjectTaggingCommand({ Bucket: Copies, Key }))).TagSet;
  expect(await tagsThere()).toEqual([{ Key: 'k', Value: 'v w' }]);
  const TagSet = [{ Key: 'now', Value: 'other' }];
  await here.send(new PutObjectTaggingCommand({ Bucket, Key, Tagging: { TagSet } }));
  await eventually(async () => expect(await tagsThere()).toEqual(TagSet));
});

test('the server killed again and again meanwhile → every version is there, the last of each key last, none before its time, held and encrypted as here', async (ctx) => {
  const client = there;
  if (missing !== undefined || client === undefined) return ctx.skip(missing ?? 'moto does not run');
  const destinations = [{ endpoint, ...key, buckets: [{ arn: 'arn:aws:s3:::moto', name: Killed }] }];
  await using daemon = await startDaemon({ config: JSON.stringify({ replication: { destinations } }) });
  const locked = { ObjectLockEnabledForBucket: true };
  await client.send(new CreateBucketCommand({ Bucket: Killed, ...locked }));
  await makeRole(daemon);
  const Bucket = 'source-under-kills';
  await daemon.client.send(new CreateBucketCommand({ Bucket, ...locked }));
  await putRules(daemon.client, Bucket, [ruleTo('moto')]);
  for (let kill = 0; kill < 3; kill++) {
    for (let n = 0; n < 8; n++) {
      const changes = ['a', 'b', 'c'].map((Key) =>
        n % 4 === 2
          ? daemon.client.send(new DeleteObjectCommand({ Bucket, Key }))
          : daemon.client.send(new PutObjectCommand({ Bucket, Key, Body: `${Key} ${kill} ${n}`, ...guards[n % 3] })),
      );
      await Promise.all(changes);
    }
    await daemon.kill9();
    await daemon.start();
  }
  const { send } = signedRequests(() => daemon);
  const destinationsLeft = async () =>
    JSON.parse((await send({ method: 'GET', path: '/-/replication' })).body).destinations;
  await eventually(async () => expect(await destinationsLeft()).toEqual([]));
  for (const Key of ['a', 'b', 'c']) {
    const source = await toldOf(daemon.client, { Bucket, Key });
    const copies = await toldOf(client, { Bucket: Killed, Key });
    // What was on its way in a kill may be there twice.
    const lastOnes = copies.filter((etag, at) => !copies.includes(etag, at + 1));
    expect(lastOnes).toEqual(source);
  }
});

/** ETag, encryption and hold of the versions of a key, the oldest first. */
async function toldOf(client: S3Client, { Bucket, Key }: { Bucket: string; Key: string }): Promise<string[]> {
  const versions = (await versionsOf(client, Bucket)) as { Key: string; ETag?: string; VersionId: string }[];
  const ofKey = versions.filter((one) => one.Key === Key && one.ETag !== undefined).toReversed();
  return Promise.all(
    ofKey.map(async ({ VersionId }) => {
      const head = await client.send(new HeadObjectCommand({ Bucket, Key, VersionId }));
      return [head.ETag, head.ServerSideEncryption, head.ObjectLockLegalHoldStatus].join(' ');
    }),
  );
}
