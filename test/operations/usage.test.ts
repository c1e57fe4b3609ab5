/** What a server says of how much it stores: to its operator, to Prometheus and by CloudWatch's names. */
import {
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send } = signedRequests(daemon);
const run = (...words: string[]) => runNinefoldFor(daemon(), words);

/** Two versions of one key, an object in an archive, a marker, and uploads before, between and behind them. */
async function fill(): Promise<string> {
  const { client } = daemon();
  const Bucket = await daemon().newBucket();
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const put = (Key: string, size: number, more = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.alloc(size), ...more }));
  await put('a/😀', 100);
  await put('a/😀', 200);
  await put('b/c/gone', 10);
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'b/c/gone' }));
  await put('b/d', 3000, { StorageClass: 'GLACIER' });
  for (const Key of ['a/\uffff', 'a/😁', 'b/c/d', 'z']) {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, StorageClass: 'GLACIER' }));
    for (const PartNumber of [1, 2]) {
      await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: Buffer.alloc(50) }));
    }
  }
  return Bucket;
}

test('versions, markers, uploads → counted in the bucket and below its prefixes; a bucket that is gone is not told of', async () => {
  const Bucket = await fill();
  const gone = await daemon().newBucket();
  expect(await run('run', 'usage')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^usage: pass done/) });
  await daemon().client.send(new DeleteBucketCommand({ Bucket: gone }));
  const answer = await send({ method: 'GET', path: '/-/usage' });
  const { buckets } = JSON.parse(answer.body);
  expect(buckets).toHaveLength(1);
  expect(buckets[0]).toMatchObject({
    bucket: Bucket,
    totals: {
      current: { versions: 2, bytes: 3200 },
      noncurrent: { versions: 2, bytes: 110 },
      deleteMarkers: 1,
      uploads: { uploads: 4, parts: 8, bytes: 400 },
      classes: { STANDARD: { versions: 3, bytes: 310 }, GLACIER: { versions: 1, bytes: 3000 } },
    },
    prefixes: [
      { prefix: 'a/', totals: { current: { versions: 1 }, noncurrent: { versions: 1 }, uploads: { uploads: 2 } } },
      { prefix: 'b/', totals: { current: { versions: 1 }, deleteMarkers: 1, uploads: { uploads: 1 } } },
      { prefix: 'b/c/', totals: { noncurrent: { versions: 1, bytes: 10 }, uploads: { parts: 2, bytes: 100 } } },
    ],
  });

  const text = (await send({ method: 'GET', path: '/-/metrics' })).body;
  for (const [type, bytes] of [
    ['StandardStorage', 310],
    ['GlacierStorage', 3000],
    ['GlacierStagingStorage', 400],
  ]) {
    expect(text).toContain(`ninefold_s3_bucket_size_bytes{bucket="${Bucket}",storage_type="${type}"} ${bytes}\n`);
  }
  expect(text).toContain(`ninefold_s3_bucket_objects{bucket="${Bucket}"} 13\n`);
  const { MetricData } = JSON.parse((await send({ method: 'GET', path: '/-/metrics.json' })).body);
  expect(MetricData).toContainEqual(
    expect.objectContaining({
      MetricName: 'NumberOfObjects',
      Dimensions: [
        { Name: 'BucketName', Value: Bucket },
        { Name: 'StorageType', Value: 'AllStorageTypes' },
      ],
      Unit: 'Count',
      StatisticValues: { SampleCount: 1, Sum: 13, Minimum: 13, Maximum: 13 },
    }),
  );
});

test('a bucket and a prefix → counted now, as a table and as JSON; a bucket that is none → refused', async () => {
  const Bucket = await fill();
  const [whole, below, missing] = await Promise.all([
    run('usage', Bucket),
    run('usage', Bucket, 'b/', '--json'),
    run('usage', 'no-such-bucket'),
  ]);
  expect(whole.stdout).toMatch(
    /^ {2}prefix +objects +bytes +noncurrent +bytes +markers +uploads +bytes\n {2}a\/ +1 +200 B +1 +100 B +0 +2 +200 B\n/,
  );
  expect(whole.stdout).toMatch(/GLACIER +1 +2.93 KiB +400 B\n/);
  expect(JSON.parse(below.stdout)).toMatchObject({
    ...{ bucket: Bucket, prefix: 'b/' },
    totals: { current: { versions: 1, bytes: 3000 }, deleteMarkers: 1, uploads: { uploads: 1 } },
    prefixes: [{ prefix: 'b/c/' }],
  });
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no bucket no-such-bucket') });
});
