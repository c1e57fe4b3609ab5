/** Buckets named by the host of a request. */
import { beforeAll, expect, test } from 'vitest';
import { signedRequests } from '../support/signed-requests.ts';
import { presign } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ environment: { NINEFOLD_DOMAINS: 'files.example, storage.test' } });
const { sign, send, sendWire } = signedRequests(daemon);
let bucket: string;

beforeAll(async () => {
  bucket = await daemon().newBucket();
});

const byPath = (key: string) => send({ method: 'GET', path: `/${bucket}/${key}` });

test.for(['localhost', 's3.localhost', 'files.example', 'storage.test', 'LocalHost'])(
  'put, get, list, delete by bucket.%s → those of the bucket',
  async (suffix) => {
    const host = `${bucket}.${suffix}:${daemon().port}`;
    const path = '/folder/a key';
    expect((await send({ method: 'PUT', path, host, body: suffix })).status).toBe(200);
    expect((await send({ method: 'GET', path, host })).body).toBe(suffix);
    expect((await byPath('folder/a key')).body).toBe(suffix);
    const list = await send({ method: 'GET', path: '/', query: [['list-type', '2']], host });
    expect(list.body).toContain(`<Name>${bucket}</Name>`);
    expect(list.body).toContain('<Key>folder/a key</Key>');
    expect((await send({ method: 'DELETE', path, host })).status).toBe(204);
    expect((await byPath('folder/a key')).status).toBe(404);
  },
);

test('a host that names a bucket that is not there → NoSuchBucket, whatever the path', async () => {
  const answer = await send({ method: 'GET', path: `/${bucket}`, host: 'no.such.bucket.files.example' });
  expect(answer.code).toBe('NoSuchBucket');
  expect(answer.body).toContain('<BucketName>no.such.bucket</BucketName>');
});

test('the bucket itself, made and deleted by host → 200, 204', async () => {
  const host = `made-by-host.localhost:${daemon().port}`;
  expect((await send({ method: 'PUT', path: '/', host })).status).toBe(200);
  expect((await send({ method: 'HEAD', path: '/', host })).status).toBe(200);
  expect((await send({ method: 'HEAD', path: '/made-by-host' })).status).toBe(200);
  expect((await send({ method: 'DELETE', path: '/', host })).status).toBe(204);
});

test('a key that begins like a path-style bucket, or like what the server reserves → a key', async () => {
  const host = `${bucket}.localhost`;
  for (const key of [`${bucket}/inner`, '-/live', '/leading']) {
    expect((await send({ method: 'PUT', path: `/${key}`, host, body: key })).status).toBe(200);
    expect((await byPath(key)).body).toBe(key);
  }
});

test.for(['localhost', 's3.localhost', 'files.example', '127.0.0.1', 'example.com', 'notfiles.example'])(
  'Host: %s → path style',
  async (host) => {
    await send({ method: 'PUT', path: `/${bucket}/path-style`, body: 'path' });
    expect((await send({ method: 'GET', path: `/${bucket}/path-style`, host })).body).toBe('path');
  },
);

test('a signature for another host → SignatureDoesNotMatch', async () => {
  const request = { method: 'GET', path: '/', host: `${bucket}.localhost` };
  const signed = sign(request);
  const answer = await sendWire({ ...signed, headers: { ...signed.headers, host: 'other.localhost' } });
  expect(answer.code).toBe('SignatureDoesNotMatch');
});

test('presigned by host → the object', async () => {
  await send({ method: 'PUT', path: `/${bucket}/presigned`, body: 'presigned' });
  const request = { method: 'GET', path: '/presigned', headers: { host: `${bucket}.files.example` } };
  const answer = await sendWire(presign(request, daemon(), { date: new Date(), expiresSeconds: 60 }));
  expect(answer.body).toBe('presigned');
});
