/** What every answer carries, and what is refused before an operation runs. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RouteRow, routeRows, supportedOperations } from '../support/operation-rows.ts';
import type { RawAnswer } from '../support/raw-http.ts';
import { type Request, signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send, sendWire } = signedRequests(daemon);
let bucket: string;

beforeAll(async () => {
  bucket = await daemon().newBucket();
});

beforeEach(async () => {
  await send({ method: 'PUT', path: `/${bucket}/kept`, body: 'kept' });
});

const get = (key: string): Promise<RawAnswer> => send({ method: 'GET', path: `/${bucket}/${key}` });

describe('headers of every answer', () => {
  const answers: readonly (readonly [string, () => Promise<RawAnswer>])[] = [
    ['200', () => get('kept')],
    ['204', () => send({ method: 'DELETE', path: `/${bucket}/nothing` })],
    ['206', () => send({ method: 'GET', path: `/${bucket}/kept`, headers: { range: 'bytes=0-0' } })],
    ['304', () => send({ method: 'GET', path: `/${bucket}/kept`, headers: { 'if-none-match': '*' } })],
    ['400', () => send({ method: 'GET', path: `/${bucket}`, query: [['max-keys', 'x']] })],
    ['403', () => sendWire({ method: 'GET', rawPath: `/${bucket}`, rawQuery: '', headers: {} })],
    ['404', () => get('nothing')],
    ['404', () => send({ method: 'HEAD', path: `/${bucket}/nothing` })],
    ['405', () => send({ method: 'POST', path: '/' })],
    ['412', () => send({ method: 'GET', path: `/${bucket}/kept`, headers: { 'if-match': '"x"' } })],
    ['501', () => send({ method: 'GET', path: `/${bucket}/kept`, query: [['torrent', '']] })],
    ['400', () => send({ method: 'GET', path: `/${bucket}`, headers: { 'x-amz-meta-a': 'x'.repeat(65_536) } })],
    ['400', () => sendWire({ method: 'GET', rawPath: '/ two', rawQuery: '', headers: {} })],
  ];

  test.for(answers)('%s → x-amz-request-id, x-amz-id-2, Server, Date', async ([status, ask]) => {
    const { headers, ...answer } = await ask();
    expect(answer.status, answer.body).toBe(Number(status));
    expect(headers.get('x-amz-request-id')).toMatch(/^[0-9A-Z]{16}$/);
    expect(headers.get('x-amz-id-2')).toMatch(/^[\w+/=]{16,}$/);
    expect(headers.get('server')).toBe('Ninefold');
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
  });

  test('an error → the ids of its headers in its body, and no two alike', async () => {
    const [one, other] = [await get('nothing'), await get('nothing')];
    const ids = [one, other].map(({ headers }) => headers.get('x-amz-request-id'));
    expect(one.body).toContain(`<RequestId>${ids[0]}</RequestId><HostId>${one.headers.get('x-amz-id-2')}</HostId>`);
    expect(ids[0]).not.toBe(ids[1]);
    expect(one.headers.get('content-type')).toBe('application/xml');
  });
});

describe('operations that are not implemented', () => {
  const missing = routeRows.filter(({ name }) => !supportedOperations.has(name));

  function minimal({ method, target, subResource, literals, query, headers }: RouteRow): Request {
    const parameters = [...literals, ...query.map((name) => [name, '1'] as const)];
    return {
      method,
      path: { service: '/', bucket: `/${bucket}`, object: `/${bucket}/kept`, account: '/v20180820/' }[target],
      query: subResource === '' ? parameters : [[subResource, ''], ...parameters],
      headers: Object.fromEntries(headers.map((name) => [name, 'x'])),
    };
  }

  test('all of them are asked for', () => {
    expect(missing.length + supportedOperations.size).toBe(112 + 6);
  });

  test.for(missing)('$name → 501 NotImplemented that names it, nothing changed', async (row) => {
    const answer = await send(minimal(row));
    expect(answer.status).toBe(501);
    expect(answer.code).toBe('NotImplemented');
    expect(answer.body).toContain(`<Operation>${row.name}</Operation>`);
    expect((await get('kept')).body).toBe('kept');
  });

  test.for(['PUT', 'DELETE'])('%s of a key with a sub-resource nobody knows → 501, unchanged', async (method) => {
    const answer = await send({ method, path: `/${bucket}/kept`, query: [['novelty', '']], body: 'overwritten' });
    expect([answer.status, answer.code]).toEqual([501, 'NotImplemented']);
    expect((await get('kept')).body).toBe('kept');
  });

  test('a header of S3 that is not honoured → 501 that names it, unchanged', async () => {
    const headers = { 'x-amz-write-offset-bytes': '4' };
    const answer = await send({ method: 'PUT', path: `/${bucket}/kept`, headers, body: 'appended' });
    expect([answer.status, answer.code]).toEqual([501, 'NotImplemented']);
    expect(answer.body).toContain('<Header>x-amz-write-offset-bytes</Header>');
    expect((await get('kept')).body).toBe('kept');
  });
});

describe('heads that are too large', () => {
  test.for([9, 31, 33, 64, 256])('%i KiB of headers → RequestHeaderSectionTooLarge in XML', async (kibibytes) => {
    const headers = { 'x-filler': 'x'.repeat(kibibytes * 1024) };
    const answer = await send({ method: 'PUT', path: `/${bucket}/large-head`, headers });
    expect([answer.status, answer.code]).toEqual([400, 'RequestHeaderSectionTooLarge']);
    expect(answer.headers.get('content-type')).toBe('application/xml');
    expect((await get('large-head')).status).toBe(404);
  });

  test('7 KiB of headers → taken', async () => {
    const answer = await send({ method: 'GET', path: `/${bucket}`, headers: { 'x-filler': 'x'.repeat(7 * 1024) } });
    expect(answer.status).toBe(200);
  });

  test('user metadata above 2 KiB → MetadataTooLarge, nothing stored', async () => {
    const headers = { 'x-amz-meta-a': 'x'.repeat(1024), 'x-amz-meta-b': 'x'.repeat(1024) };
    const answer = await send({ method: 'PUT', path: `/${bucket}/large-metadata`, headers, body: 'body' });
    expect([answer.status, answer.code]).toEqual([400, 'MetadataTooLarge']);
    expect((await get('large-metadata')).status).toBe(404);
  });
});
