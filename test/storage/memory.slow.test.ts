/** Memory stays bounded however many clients upload at once. */
import { request } from 'node:http';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { contentType, formBody, signedByV4 } from '../support/browser-forms.ts';
import { region, rootKey, startDaemon } from '../support/daemon.ts';
import { peakResidentMebibytes } from '../support/process-memory.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { compare, streamOf } from '../support/stored-objects.ts';

const mebibyte = 1024 * 1024;
const residentMebibytesMax = 400;
/** Each of many readers at once has a stripe of its own on the way, over what the uploads before have left. */
const readingMebibytesMax = 600;
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

test('40 forms with files of 64 MiB at once → below 400 MiB resident', async () => {
  await using daemon = await startDaemon({ environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const Bucket = await daemon.newBucket();
  const file = seededBytes('memory', 64 * mebibyte);
  const keys = Array.from({ length: uploads }, (_, i) => `form ${i}`);
  const conditions = [['starts-with', '$key', 'form ']];
  const signed = Object.entries(signedByV4({ bucket: Bucket, key: rootKey, conditions }));
  await Promise.all(
    keys.map(async (key) => {
      const [before = '', after = ''] = formBody([...signed, ['key', key], ['file', '\0', 'f']])
        .toString()
        .split('\0');
      const body = [Buffer.from(before), file, Buffer.from(after)];
      expect(await postLarge(`${daemon.endpoint}/${Bucket}`, body)).toBe(204);
    }),
  );
  const peak = await peakResidentMebibytes(daemon.pid);
  console.log(`peak after forms: ${peak} MiB resident`);
  expect(peak).toBeLessThan(residentMebibytesMax);
  const { Body } = await daemon.client.send(new GetObjectCommand({ Bucket, Key: keys[0] }));
  expect(await compare(streamOf(Body), file)).toBe('right');
});

/** Posts a form in pieces, so that many share the bytes of one file; the status that it is answered. */
function postLarge(url: string, pieces: readonly Uint8Array[]): Promise<number> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, 'content-length': length };
    const outgoing = request(url, { method: 'POST', headers });
    outgoing.once('error', reject);
    outgoing.once('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    for (const piece of pieces) outgoing.write(piece);
    outgoing.end();
  });
}
