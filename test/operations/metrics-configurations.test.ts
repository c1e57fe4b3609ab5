/** Metrics configurations: what is taken, refused and given back, and which requests their figures count. */
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteBucketMetricsConfigurationCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketMetricsConfigurationCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketMetricsConfigurationsCommand,
  ListObjectsV2Command,
  type MetricsConfiguration,
  type MetricsFilter,
  PutBucketMetricsConfigurationCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { sendRaw } from '../support/raw-http.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const token = 'a-token-of-some-length';
const daemon = useDaemon({ config: `metrics:\n  token: ${token}\n` });
const { send } = signedRequests(daemon);

const put = (Bucket: string, MetricsConfiguration: MetricsConfiguration, Id = MetricsConfiguration.Id) =>
  daemon().client.send(new PutBucketMetricsConfigurationCommand({ Bucket, Id, MetricsConfiguration }));
const get = async (Bucket: string, Id: string) =>
  (await daemon().client.send(new GetBucketMetricsConfigurationCommand({ Bucket, Id }))).MetricsConfiguration;
const remove = (Bucket: string, Id: string) =>
  daemon().client.send(new DeleteBucketMetricsConfigurationCommand({ Bucket, Id }));
const list = (Bucket: string, ContinuationToken?: string) =>
  daemon().client.send(new ListBucketMetricsConfigurationsCommand({ Bucket, ContinuationToken }));
const tag = (Key: string) => ({ Key, Value: 'v' });

test.each<[string, MetricsFilter | undefined]>([
  ['no filter', undefined],
  ['a prefix', { Prefix: 'some/' }],
  ['a tag', { Tag: tag('k') }],
  ['a prefix and a tag', { And: { Prefix: 'some/', Tags: [tag('k')] } }],
  ['two tags', { And: { Tags: [tag('k'), tag('l')] } }],
] as [string, MetricsFilter | undefined][])('%s → got as it was put; deleted → gone', async (_, Filter) => {
  const Bucket = await daemon().newBucket();
  const whole = { Id: 'a.B-1_x', Filter };
  await put(Bucket, whole);
  expect(await get(Bucket, 'a.B-1_x')).toEqual(whole);
  expect((await list(Bucket)).MetricsConfigurationList).toEqual([whole]);
  await remove(Bucket, 'a.B-1_x');
  await expect(get(Bucket, 'a.B-1_x')).rejects.toMatchObject(refusal('NoSuchConfiguration', 404));
  await expect(remove(Bucket, 'a.B-1_x')).rejects.toMatchObject(refusal('NoSuchConfiguration', 404));
});

test('more than a page of them → listed in order of id, page by page; a foreign token → InvalidArgument', async () => {
  const Bucket = await daemon().newBucket();
  expect(await list(Bucket)).toMatchObject({ IsTruncated: false });
  const ids = Array.from({ length: 120 }, (_, i) => `id-${i}`);
  await Promise.all(ids.map((Id) => put(Bucket, { Id })));
  const first = await list(Bucket);
  const second = await list(Bucket, first.NextContinuationToken);
  expect([first.IsTruncated, second.IsTruncated]).toEqual([true, false]);
  const listed = [first, second].flatMap(({ MetricsConfigurationList = [] }) => MetricsConfigurationList);
  expect(listed.map(({ Id }) => Id)).toEqual(ids.toSorted());
  await expect(list(Bucket, 'token')).rejects.toMatchObject(refusal('InvalidArgument', 400));
});

describe('refused', () => {
  const filtered = (Filter: unknown) => ({ Id: 'a', Filter: Filter as MetricsFilter });
  test.each<[string, MetricsConfiguration, string]>([
    ['an id with a slash', { Id: 'a/b' }, 'InvalidConfigurationId'],
    ['an id of 65 characters', { Id: 'a'.repeat(65) }, 'InvalidConfigurationId'],
    ['And of one condition', filtered({ And: { Prefix: 'a' } }), 'MalformedXML'],
    ['a tag with a key that is none', filtered({ Tag: { Key: '', Value: 'v' } }), 'InvalidTag'],
    ['a tag twice', filtered({ And: { Tags: [tag('k'), tag('k')] } }), 'InvalidTag'],
    [
      'an access point',
      filtered({ AccessPointArn: 'arn:aws:s3:us-east-1:000000000000:accesspoint/a' }),
      'NotImplemented',
    ],
  ])('%s → %$', async (_, wrong, name) => {
    const Bucket = await daemon().newBucket();
    await expect(put(Bucket, wrong)).rejects.toMatchObject({ name });
    expect((await list(Bucket)).MetricsConfigurationList).toBeUndefined();
  });

  test('another id than that of the request → InvalidArgument', async () => {
    const Bucket = await daemon().newBucket();
    await expect(put(Bucket, { Id: 'a' }, 'b')).rejects.toMatchObject({ name: 'InvalidArgument' });
  });
});

/** Samples of a bucket's filter in the text for Prometheus, without the histograms, by the rest of their names. */
async function figures(bucket: string, filter: string): Promise<Record<string, number>> {
  const { status, body, headers } = await send({ method: 'GET', path: '/-/metrics' });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  const found: Record<string, number> = {};
  for (const line of body.split('\n')) {
    const [, name = '', labels = '', value] = /^ninefold_s3_(\w+)\{(.*)\} (\S+)$/.exec(line) ?? [];
    const mine = `bucket="${bucket}",filter="${filter}"`;
    if (labels.startsWith(mine) && !name.endsWith('_bucket') && !name.endsWith('_sum')) {
      found[`${name}${labels.slice(mine.length)}`] = Number(value);
    }
  }
  return found;
}

/** A request is counted once it is answered, so what was answered last may be missing for a moment. */
const count = (bucket: string, filter: string, wanted: Record<string, number>) =>
  eventually(async () => expect(await figures(bucket, filter)).toEqual(wanted));

/** Of so many requests; without bytes and errors where there were none. */
const counted = (types: Record<string, number>, other: { errors?: number; down?: number; up?: number } = {}) => {
  const { errors = 0, down = 0, up = 0 } = other;
  const all = Object.values(types).reduce((sum, one) => sum + one, 0);
  return {
    ...Object.fromEntries(Object.entries(types).map(([type, n]) => [`requests_total,type="${type}"`, n])),
    'errors_total,class="4xx"': errors,
    'errors_total,class="5xx"': 0,
    downloaded_bytes_total: down,
    uploaded_bytes_total: up,
    first_byte_latency_seconds_count: all,
    total_request_latency_seconds_count: all,
  };
};

test('requests of every type → counted as CloudWatch counts them; operations on the bucket are not', async () => {
  const { client } = daemon();
  const Bucket = await daemon().newBucket();
  await put(Bucket, { Id: 'all' });
  const object = { Bucket, Key: 'k' };
  await client.send(new PutObjectCommand({ ...object, Body: Buffer.alloc(1000) }));
  await client.send(new GetObjectCommand(object)).then(({ Body }) => Body?.transformToByteArray());
  await client.send(new HeadObjectCommand(object));
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'p' }));
  const part = { Bucket, Key: 'p', UploadId, PartNumber: 1 };
  const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: Buffer.alloc(500) }));
  await client.send(
    new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } }),
  );
  await client.send(new ListObjectsV2Command({ Bucket }));
  await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'p' }, { Key: 'q' }] } }));
  await client.send(new DeleteObjectCommand(object));
  await expect(client.send(new HeadObjectCommand(object))).rejects.toMatchObject({ name: 'NotFound' });
  await client.send(new GetBucketTaggingCommand({ Bucket })).catch(() => undefined);
  await eventually(async () => {
    const found = await figures(Bucket, 'all');
    const { downloaded_bytes_total: down = 0, uploaded_bytes_total: up = 0 } = found;
    const types = { get: 1, put: 2, delete: 2, head: 2, post: 2, list: 1 };
    expect(found).toEqual(counted(types, { errors: 1, down, up }));
    // Beside the objects there are documents, and what frames the chunks of bodies.
    expect([down > 1000, up > 1500]).toEqual([true, true]);
  });
});

test('filters by prefix and tags → only what they mean is counted; a signature that is wrong is an error', async () => {
  const { client, endpoint } = daemon();
  const Bucket = await daemon().newBucket();
  await put(Bucket, { Id: 'logs', Filter: { Prefix: 'logs/' } });
  await put(Bucket, { Id: 'tagged', Filter: { And: { Prefix: 'logs/', Tags: [tag('t')] } } });
  const head = (Key: string) => client.send(new HeadObjectCommand({ Bucket, Key }));
  const make = (Key: string, Tagging?: string) =>
    client.send(new PutObjectCommand({ Bucket, Key, Tagging, ContentLength: 0 }));
  await make('logs/plain');
  await make('logs/tagged', 't=v');
  await make('other', 't=v');
  for (const Key of ['logs/plain', 'logs/tagged', 'other']) await head(Key);
  // Its tags go with it.
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'logs/tagged' }));
  const credentials = { accessKeyId: daemon().accessKeyId, secretAccessKey: 'another-secret' };
  const stranger = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true, maxAttempts: 1 });
  await stranger.send(new HeadObjectCommand({ Bucket, Key: 'logs/plain' })).catch(() => undefined);
  stranger.destroy();
  await count(Bucket, 'logs', counted({ put: 2, head: 3, delete: 1 }, { errors: 1 }));
  await count(Bucket, 'tagged', counted({ put: 1, head: 1, delete: 1 }));
});

test('a configuration that is removed → its figures go, and those of another stay until the bucket goes', async () => {
  const Bucket = await daemon().newBucket();
  await put(Bucket, { Id: 'a' });
  await put(Bucket, { Id: 'b' });
  await daemon().client.send(new ListObjectsV2Command({ Bucket }));
  await eventually(async () => expect(await figures(Bucket, 'b')).toMatchObject({ 'requests_total,type="list"': 1 }));
  await remove(Bucket, 'a');
  expect(await figures(Bucket, 'a')).toEqual({});
  expect(await figures(Bucket, 'b')).toMatchObject({ 'requests_total,type="list"': 1 });
  await daemon().client.send(new DeleteBucketCommand({ Bucket }));
  expect(await figures(Bucket, 'b')).toEqual({});
});

test('with the token → both forms are read, and nothing else; with another one → AccessDenied', async () => {
  const ask = (path: string, bearer: string) =>
    sendRaw(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${bearer}\r\n\r\n`, {
      port: daemon().port,
    });
  expect((await ask('/-/metrics', token)).status).toBe(200);
  const data = await ask('/-/metrics.json', token);
  expect([data.status, JSON.parse(data.body)]).toMatchObject([200, { Namespace: 'AWS/S3' }]);
  expect((await ask('/-/metrics', `${token}x`)).status).toBe(403);
  expect((await ask('/-/status', token)).status).toBeGreaterThanOrEqual(400);
  expect((await send({ method: 'GET', path: '/-/metrics.json' })).status).toBe(200);
});

test('after a restart → what is configured is counted', async () => {
  const Bucket = await daemon().newBucket();
  await put(Bucket, { Id: 'a' });
  await daemon().restart();
  await daemon().client.send(new ListObjectsV2Command({ Bucket }));
  await eventually(async () => expect(await figures(Bucket, 'a')).toMatchObject({ 'requests_total,type="list"': 1 }));
});
