/** Memory stays bounded however many clients upload at once. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { region, rootKey, startDaemon } from '../support/daemon.ts';
import { peakResidentMebibytes } from '../support/process-memory.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { compare, streamOf } from '../support/stored-objects.ts';

const mebibyte = 1024 * 1024;
const residentMebibytesMax = 400;
/** Each of many readers at once has a stripe of its own on the way, over what the uploads before have left. */
const readingMebibytesMax = 500;
const uploads = 40;

test('100 uploads of 16 MiB at once → below 400 MiB resident', async () => {
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const Bucket = await daemon.newBucket();
  const client = new S3Client({
    ...{ endpoint: daemon.endpoint, region, credentials: rootKey, forcePathStyle: true },
    requestHandler: { httpAgent: { maxSockets: 100 } },
  });
  onTestFinished(() => client.destroy());
  const Body = seededBytes('a hundred', 16 * mebibyte);
  const keys = Array.from({ length: 100 }, (_, i) => `upload ${i}`);
  await Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket, Key, Body }))));
  const peak = await peakResidentMebibytes(daemon.pid);
  console.log(`peak after a hundred uploads: ${peak} MiB resident`);
  expect(peak).toBeLessThan(residentMebibytesMax);
});

test('40 uploads of 64 MiB at once → below 400 MiB resident; then 40 downloads → little more', async () => {
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const Bucket = await daemon.newBucket();
  const client = new S3Client({ endpoint: daemon.endpoint, region, credentials: rootKey, forcePathStyle: true });
  onTestFinished(() => client.destroy());
  const bytes = seededBytes('memory', 64 * mebibyte);
  const keys = Array.from({ length: uploads }, (_, i) => `upload ${i}`);
  await Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket, Key, Body: bytes }))));
  const uploadPeak = await peakResidentMebibytes(daemon.pid);
  console.log(`peak after uploads: ${uploadPeak} MiB resident`);
  expect(uploadPeak).toBeLessThan(residentMebibytesMax);
  await Promise.all(
    keys.map(async (Key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await compare(streamOf(Body), bytes), Key).toBe('right');
    }),
  );
  const peak = await peakResidentMebibytes(daemon.pid);
  console.log(`peak after downloads: ${peak} MiB resident`);
  expect(peak).toBeLessThan(readingMebibytesMax);
});
