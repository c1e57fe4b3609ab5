/** Buckets whose requesters pay: who must say that it knows, and what it hears. */
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketRequestPaymentCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type Payer,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { formBody, postForm, signedByV4 } from '../support/browser-forms.ts';
import { region } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const other = '222222222222';
const otherRoot = { accessKeyId: 'other-root', secretAccessKey: 'others-secret' };
const ann = { accessKeyId: 'ann', secretAccessKey: 'anns-secret' };

const daemon = useDaemon({
  config: `
accounts:
  - id: '${other}'
    displayName: other
    rootKey: { accessKeyId: ${otherRoot.accessKeyId}, secretAccessKey: ${otherRoot.secretAccessKey} }
  - id: '000000000000'
    users:
      - name: ann
        policies: ['arn:aws:iam::aws:policy/AmazonS3FullAccess']
        keys: [{ accessKeyId: ${ann.accessKeyId}, secretAccessKey: ${ann.secretAccessKey} }]
`,
});
const { send, sendWire } = signedRequests(daemon);
const denied = refusal('AccessDenied', 403);
const paying = { RequestPayer: 'requester' as const };
const charged = { RequestCharged: 'requester' };
let owner: S3Client;
let stranger: S3Client;

const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new S3Client({ endpoint: daemon().endpoint, region, maxAttempts: 1, forcePathStyle: true, credentials });
const setPayer = (Bucket: string, Payer: Payer) =>
  owner.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer } }));
const payerOf = async (Bucket: string) => (await owner.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer;

/** A bucket that holds `k` and lets everybody do all with objects, for which requesters pay. */
async function newPaidBucket(payer: Payer = 'Requester'): Promise<string> {
  const Bucket = await daemon().newBucket();
  await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
  const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:*Object*', Resource };
  const listing = { Effect: 'Allow', Principal: '*', Action: ['s3:ListBucket', 's3:GetBucketLocation'], Resource };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement, listing] });
  await owner.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await owner.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'kept' }));
  await setPayer(Bucket, payer);
  return Bucket;
}

beforeAll(() => {
  owner = daemon().client;
  stranger = clientOf(otherRoot);
});

describe('the configuration', () => {
  test('never given → BucketOwner; as it was put → as it is got, also after a restart', async () => {
    const Bucket = await daemon().newBucket();
    expect(await payerOf(Bucket)).toBe('BucketOwner');
    await setPayer(Bucket, 'Requester');
    await daemon().restart();
    expect(await payerOf(Bucket)).toBe('Requester');
    await setPayer(Bucket, 'BucketOwner');
    expect(await payerOf(Bucket)).toBe('BucketOwner');
  });

  test('somebody else → MalformedXML, and it stays', async () => {
    const Bucket = await daemon().newBucket();
    await setPayer(Bucket, 'Requester');
    await expect(setPayer(Bucket, 'Nobody' as Payer)).rejects.toMatchObject(refusal('MalformedXML', 400));
    expect(await payerOf(Bucket)).toBe('Requester');
  });
});

describe('another account', () => {
  test('that says that it pays → answered, and charged', async () => {
    const Bucket = await newPaidBucket();
    const object = { Bucket, Key: 'k', ...paying };
    expect(await stranger.send(new GetObjectCommand(object))).toMatchObject(charged);
    expect(await stranger.send(new HeadObjectCommand(object))).toMatchObject(charged);
    expect(await stranger.send(new ListObjectsV2Command({ Bucket, ...paying }))).toMatchObject(charged);
    expect(await stranger.send(new PutObjectCommand({ ...object, Body: 'new' }))).toMatchObject(charged);
    const Delete = { Objects: [{ Key: 'k' }] };
    const deleted = await stranger.send(new DeleteObjectsCommand({ Bucket, Delete, ...paying }));
    expect(deleted).toMatchObject({ ...charged, Deleted: [{ Key: 'k' }] });
  });

  test('that does not → AccessDenied, whatever it asks for, and nothing is done', async () => {
    const Bucket = await newPaidBucket();
    const object = { Bucket, Key: 'k' };
    const calls = [
      stranger.send(new GetObjectCommand(object)),
      stranger.send(new PutObjectCommand({ ...object, Body: 'new' })),
      stranger.send(new ListObjectsV2Command({ Bucket })),
      stranger.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'k' }] } })),
      stranger.send(new UploadPartCommand({ ...object, UploadId: 'u', PartNumber: 1, Body: 'x' })),
    ];
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(denied)));
    const head = stranger.send(new HeadObjectCommand(object));
    await expect(head).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    const location = { method: 'GET', path: `/${Bucket}`, query: [['location', '']] as const, key: otherRoot };
    expect((await send(location)).code).toBe('AccessDenied');
    expect((await send({ ...location, headers: { 'x-amz-request-payer': 'requester' } })).status).toBe(200);
    const { Body } = await owner.send(new GetObjectCommand(object));
    expect(await Body?.transformToString()).toBe('kept');
  });

  test('that may not, and pays → AccessDenied', async () => {
    const Bucket = await daemon().newBucket();
    await setPayer(Bucket, 'Requester');
    await expect(stranger.send(new ListObjectsV2Command({ Bucket, ...paying }))).rejects.toMatchObject(denied);
  });

  test('with a presigned link → by its parameter, named as the header or as a presigner does', async () => {
    const Bucket = await newPaidBucket();
    const follow = (query: readonly (readonly [string, string])[]) => {
      const request = { method: 'GET', path: `/${Bucket}/k`, query, headers: { host: `127.0.0.1:${daemon().port}` } };
      return sendWire(presign(request, otherRoot, { date: new Date(), expiresSeconds: 60 }));
    };
    for (const name of ['x-amz-request-payer', 'X-Amz-Request-Payer']) {
      const answer = await follow([[name, 'requester']]);
      expect([answer.body, answer.headers.get('x-amz-request-charged')]).toEqual(['kept', 'requester']);
    }
    expect((await follow([])).code).toBe('AccessDenied');
    expect((await follow([['x-amz-request-payer', 'owner']])).status).not.toBe(200);
  });

  test('with a form → by its field', async () => {
    const Bucket = await newPaidBucket();
    const post = (fields: Readonly<Record<string, string>>) => {
      const own = Object.entries({ key: 'form', ...fields });
      const conditions = own.map(([name, value]) => ({ [name]: value }));
      const signature = Object.entries(signedByV4({ bucket: Bucket, key: otherRoot, conditions }));
      return postForm(`${daemon().endpoint}/${Bucket}`, formBody([...own, ...signature, ['file', 'x', 'x.txt']]));
    };
    expect((await post({})).code).toBe('AccessDenied');
    const answer = await post({ 'x-amz-request-payer': 'requester' });
    expect([answer.status, answer.headers.get('x-amz-request-charged')]).toEqual([204, 'requester']);
  });

  test('that copies from the bucket → must say so, and is charged', async () => {
    const Bucket = await newPaidBucket();
    await send({ method: 'PUT', path: '/of-another', key: otherRoot });
    const copy = (how: object) =>
      stranger.send(new CopyObjectCommand({ Bucket: 'of-another', Key: 'c', CopySource: `${Bucket}/k`, ...how }));
    await expect(copy({})).rejects.toMatchObject(denied);
    expect(await copy(paying)).toMatchObject(charged);
  });

  test('asking for what is not there → its error, uncharged', async () => {
    const Bucket = await newPaidBucket();
    const headers = { 'x-amz-request-payer': 'requester' };
    const answer = await send({ method: 'GET', path: `/${Bucket}/none`, headers, key: otherRoot });
    expect([answer.code, answer.headers.get('x-amz-request-charged')]).toEqual(['NoSuchKey', undefined]);
  });
});

describe('whom it does not concern', () => {
  test('the account of the bucket, its users too → answered as ever, and not charged', async () => {
    const Bucket = await newPaidBucket();
    for (const client of [owner, clientOf(ann)]) {
      for (const how of [{}, paying]) {
        const answer = await client.send(new GetObjectCommand({ Bucket, Key: 'k', ...how }));
        expect(answer.RequestCharged).toBeUndefined();
        expect(await answer.Body?.transformToString()).toBe('kept');
      }
    }
  });

  test('where the owner pays → no one is charged, also if it offers to', async () => {
    const Bucket = await newPaidBucket('BucketOwner');
    for (const how of [{}, paying]) {
      const answer = await stranger.send(new GetObjectCommand({ Bucket, Key: 'k', ...how }));
      expect(answer.RequestCharged).toBeUndefined();
    }
  });
});

test('without a signature → AccessDenied, even if it says that it pays', async () => {
  const headers = { host: `127.0.0.1:${daemon().port}` };
  const read = (Bucket: string, more: Readonly<Record<string, string>>) =>
    sendWire({ method: 'GET', rawPath: `/${Bucket}/k`, rawQuery: '', headers: { ...headers, ...more } });
  const Bucket = await newPaidBucket();
  expect((await read(Bucket, {})).code).toBe('AccessDenied');
  expect((await read(Bucket, { 'x-amz-request-payer': 'requester' })).code).toBe('AccessDenied');
  await setPayer(Bucket, 'BucketOwner');
  expect((await read(Bucket, {})).body).toBe('kept');
});
