/** `x-amz-expected-bucket-owner` and its twin for the sources of copies: nothing is done where another account owns the bucket. */
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { region } from '../support/daemon.ts';
import { type RouteRow, routeRows, supportedOperations } from '../support/operation-rows.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const other = '222222222222';
const otherRoot = { accessKeyId: 'other-root', secretAccessKey: 'others-secret' };
const own = '111111111111';
const malformed = ['', 'abcd', '0000', '1111111111111', '11111111111a', `${own},${own}`];

const daemon = useDaemon({
  config: `
accountId: '${own}'
accounts:
  - id: '${other}'
    displayName: other
    rootKey: { accessKeyId: ${otherRoot.accessKeyId}, secretAccessKey: ${otherRoot.secretAccessKey} }
`,
});
const { send, sendWire } = signedRequests(daemon);
const denied = refusal('AccessDenied', 403);
const notAnAccount = refusal('InvalidBucketOwnerAWSAccountID', 400);
let stranger: S3Client;
let bucket: string;

beforeAll(async () => {
  const options = { endpoint: daemon().endpoint, region, maxAttempts: 1, forcePathStyle: true };
  stranger = new S3Client({ ...options, credentials: otherRoot });
  bucket = await daemon().newBucket();
  await daemon().client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k', Body: 'kept' }));
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  const Statement = {
    Effect: 'Allow',
    Principal: { AWS: other },
    Action: ['s3:GetObject', 's3:GetObjectTagging'],
    Resource,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await daemon().client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
});

const onBuckets = routeRows.filter(
  ({ name, target }) =>
    supportedOperations.has(name) && (target === 'bucket' || target === 'object') && name !== 'CreateBucket',
);

function requestOf({ method, target, subResource, literals, query, headers }: RouteRow) {
  const named = subResource === '' ? [] : [[subResource, subResource === 'uploadId' ? 'u' : ''] as const];
  return {
    method,
    path: target === 'object' ? `/${bucket}/k` : `/${bucket}`,
    query: [...named, ...literals, ...query.map((name) => [name, '1'] as const)],
    headers: Object.fromEntries(headers.map((name) => [name, `${bucket}/k`])),
  };
}

describe('the owner of the bucket', () => {
  test('another than expected → AccessDenied; no account id → refused as such, by every operation', async () => {
    expect(onBuckets.length).toBeGreaterThan(40);
    for (const row of onBuckets) {
      const { headers, ...request } = requestOf(row);
      const expecting = (account: string) =>
        send({ ...request, headers: { ...headers, 'x-amz-expected-bucket-owner': account } });
      expect([row.name, (await expecting(other)).status]).toEqual([row.name, 403]);
      expect([row.name, (await expecting('abcd')).status]).toEqual([row.name, 400]);
    }
    const { Body } = await daemon().client.send(new GetObjectCommand({ Bucket: bucket, Key: 'k' }));
    expect(await Body?.transformToString()).toBe('kept');
  });

  test('as expected → answered', async () => {
    const asked = { Bucket: bucket, ExpectedBucketOwner: own };
    await daemon().client.send(new HeadBucketCommand(asked));
    await daemon().client.send(new PutObjectCommand({ ...asked, Key: 'new', Body: 'x' }));
    expect(await daemon().client.send(new ListObjectsV2Command(asked))).toMatchObject({ KeyCount: 2 });
  });

  test.each(malformed)('expected to be “%s” → InvalidBucketOwnerAWSAccountID that says so', async (account) => {
    const headers = { 'x-amz-expected-bucket-owner': account };
    const answer = await send({ method: 'GET', path: `/${bucket}/k`, headers });
    expect([answer.status, answer.code]).toEqual([400, 'InvalidBucketOwnerAWSAccountID']);
    expect(answer.body).toContain(
      `<Message>The value of the expected bucket owner parameter must be an AWS Account ID... [${account}]</Message>`,
    );
  });

  test('expected of a bucket that is not there → NoSuchBucket', async () => {
    const headers = { 'x-amz-expected-bucket-owner': own };
    expect((await send({ method: 'GET', path: '/not-there-at-all', headers })).code).toBe('NoSuchBucket');
  });

  test('expected by a presigned link → counts as well', async () => {
    const statusOf = async (account: string) => {
      const headers = { host: `127.0.0.1:${daemon().port}` };
      const query = [['x-amz-expected-bucket-owner', account] as const];
      const link = presign({ method: 'GET', path: `/${bucket}/k`, query, headers }, daemon(), {
        date: new Date(),
        expiresSeconds: 60,
      });
      return (await sendWire(link)).status;
    };
    expect([await statusOf(own), await statusOf(other), await statusOf('abcd')]).toEqual([200, 403, 400]);
  });

  test('expected by another account that may read it → the same', async () => {
    const read = (ExpectedBucketOwner: string) =>
      stranger.send(new GetObjectCommand({ Bucket: bucket, Key: 'k', ExpectedBucketOwner }));
    await read(own);
    await expect(read(other)).rejects.toMatchObject(denied);
  });
});

describe('the owner of the source of a copy', () => {
  const copies = {
    async CopyObject(ExpectedSourceBucketOwner: string, client = daemon().client, Bucket = bucket) {
      const CopySource = `${bucket}/k`;
      await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ExpectedSourceBucketOwner }));
    },
    async UploadPartCopy(ExpectedSourceBucketOwner: string, client = daemon().client, Bucket = bucket) {
      const upload = { Bucket, Key: 'upload' };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
      const part = { ...upload, UploadId, PartNumber: 1, CopySource: `${bucket}/k` };
      await client.send(new UploadPartCopyCommand({ ...part, ExpectedSourceBucketOwner }));
    },
  };

  describe.each(Object.entries(copies))('%s', (_, copy) => {
    test('as expected → copied; another → AccessDenied; no account id → refused as such', async () => {
      await copy(own);
      await expect(copy(other)).rejects.toMatchObject(denied);
      for (const account of malformed) await expect(copy(account)).rejects.toMatchObject(notAnAccount);
    });

    test('copied by another account into a bucket of its own → the owner of the source counts', async () => {
      await send({ method: 'PUT', path: '/of-another', key: otherRoot });
      await copy(own, stranger, 'of-another');
      await expect(copy(other, stranger, 'of-another')).rejects.toMatchObject(denied);
    });
  });
});
