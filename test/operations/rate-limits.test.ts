/**
 * Limits of requests a second. The rates are so low that nothing comes back while the tests run, bursts are all there is; those of
 * prefixes so low that a busy machine, too, sends more at once.
 */
import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { region } from '../support/daemon.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({
  config: `
trustedProxies: [127.0.0.1]
accounts:
  - id: '111111111111'
    rootKey: { accessKeyId: limited, secretAccessKey: limited-secret }
  - id: '222222222222'
    rootKey: { accessKeyId: other, secretAccessKey: other-secret }
rateLimits:
  address: { perSecond: 0.0001, burst: 100 }
  accessKey: { perSecond: 0.0001, burst: 30 }
  prefix: { writesPerSecond: 1, readsPerSecond: 1 }
`,
});
const { sign, sendWire } = signedRequests(daemon);

const clientOf = (accessKeyId: string) =>
  new S3Client({
    endpoint: daemon().endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey: `${accessKeyId}-secret` },
    forcePathStyle: true,
    maxAttempts: 1,
  });

/** What so many requests in a row are answered: how many of each status, and the last body. */
async function statusesOf(count: number, request: () => Promise<{ status: number; body: string }>) {
  const answers = [];
  for (let i = 0; i < count; i++) answers.push(await request());
  const statuses: Record<number, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return { statuses, last: answers.at(-1)?.body ?? '' };
}

function from(address: string, accessKeyId: string) {
  const key = { accessKeyId, secretAccessKey: `${accessKeyId}-secret` };
  const wire = sign({ method: 'GET', path: '/', key });
  return sendWire({ ...wire, headers: { ...wire.headers, 'x-forwarded-for': address } });
}

test('an access key beyond its burst → 503 SlowDown, from wherever it comes; another key → served', async () => {
  let i = 0;
  const { statuses, last } = await statusesOf(40, () => from(`10.0.0.${i++}`, 'limited'));
  expect(statuses).toEqual({ 200: 30, 503: 10 });
  expect(last).toContain('<Code>SlowDown</Code><Message>Please reduce your request rate.</Message>');
  expect((await from('10.0.0.99', 'other')).status).toBe(200);
});

test('a wrong signature → uses up nothing of the key that it names', async () => {
  const wrong = () => {
    const wire = sign({ method: 'GET', path: '/', key: { accessKeyId: 'other', secretAccessKey: 'wrong' } });
    return sendWire({ ...wire, headers: { ...wire.headers, 'x-forwarded-for': '10.1.0.1' } });
  };
  expect((await statusesOf(40, wrong)).statuses).toEqual({ 403: 40 });
  expect((await from('10.0.0.98', 'other')).status).toBe(200);
});

test('an address beyond its burst → SlowDown whoever signs, also where nobody does; another address → served', async () => {
  const anonymous = (address: string) =>
    sendWire({ method: 'GET', rawPath: '/', rawQuery: '', headers: { host: 'h', 'x-forwarded-for': address } });
  const { statuses } = await statusesOf(110, () => anonymous('10.2.0.1'));
  expect(statuses[503]).toBe(10);
  expect((await from('10.2.0.1', 'other')).status).toBe(503);
  expect((await from('10.2.0.2', 'other')).status).toBe(200);
  // The operator can always look.
  const live = {
    method: 'GET',
    rawPath: '/-/live',
    rawQuery: '',
    headers: { host: 'h', 'x-forwarded-for': '10.2.0.1' },
  };
  expect((await sendWire(live)).status).toBe(200);
});

test("IAM's API beyond a limit → Throttling, which the SDK knows as such", async () => {
  const credentials = { accessKeyId: 'limited', secretAccessKey: 'limited-secret' };
  const iam = new IAMClient({ endpoint: daemon().endpoint, region, credentials, maxAttempts: 1 });
  await expect(iam.send(new GetUserCommand({}))).rejects.toMatchObject({
    name: 'Throttling',
    message: 'Rate exceeded',
    $metadata: { httpStatusCode: 400 },
  });
});

describe('by prefix', () => {
  let Bucket: string;
  beforeAll(async () => {
    Bucket = await daemon().newBucket();
  });

  test('writes and reads of one prefix → each their number; other prefixes and buckets → their own', async () => {
    const client = clientOf('other');
    const root = daemon().client;
    const put = (Key: string) => root.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const slowDown = expect.objectContaining({
      name: 'SlowDown',
      $metadata: expect.objectContaining({ httpStatusCode: 503 }),
    });
    // A refused request, such as a stranger's, uses up nothing.
    for (let i = 0; i < 5; i++) {
      await expect(client.send(new PutObjectCommand({ Bucket, Key: 'a/1', Body: 'x' }))).rejects.toMatchObject({
        name: 'AccessDenied',
      });
    }
    const puts = await Promise.allSettled(Array.from({ length: 8 }, (_, i) => put(`a/${i}`)));
    expect(puts.map(({ status }) => status)).toContain('fulfilled');
    expect(puts.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))).toContainEqual(slowDown);
    await put('b/1');
    const list = () => root.send(new ListObjectsV2Command({ Bucket, Prefix: 'a/x' }));
    const get = () => root.send(new GetObjectCommand({ Bucket, Key: 'b/1' }));
    const lists = await Promise.allSettled(Array.from({ length: 12 }, list));
    expect(lists.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))).toContainEqual(slowDown);
    await get();
  });
});
