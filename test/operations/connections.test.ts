/** What happens on one connection: 100 Continue, keep-alive after errors, and bodies that nobody reads. */
import { beforeAll, describe, expect, test } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { wireBytes } from '../support/raw-http.ts';
import { type Request, signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { sign, bytes, send } = signedRequests(daemon);
let bucket: string;
let kept: Request;

beforeAll(async () => {
  bucket = await daemon().newBucket();
  kept = { method: 'GET', path: `/${bucket}/kept` };
  await send({ method: 'PUT', path: `/${bucket}/kept`, body: 'kept' });
});

const open = (): Promise<RawConnection> => RawConnection.open(daemon().port);

/** The head of a PUT that waits to be asked for its body. */
function waitingHead(request: Partial<Request> = {}, length = 10): Buffer {
  const whole = { method: 'PUT', path: `/${bucket}/waiting`, payload: 'UNSIGNED-PAYLOAD', ...request };
  return wireBytes(sign(whole), '', [`content-length: ${length}`, 'expect: 100-continue']);
}

test('a port that is in use → the server does not start, and says so', async () => {
  const second = startDaemon({ port: daemon().port, isHosted: false });
  await expect(second).rejects.toThrow(`Port ${daemon().port} of 127.0.0.1 is in use`);
});

describe('Expect: 100-continue', () => {
  test('all is well → 100, and 200 once the body is there; the connection goes on', async () => {
    await using connection = await open();
    connection.write(waitingHead());
    expect((await connection.next()).status).toBe(100);
    connection.write('0123456789');
    expect((await connection.next()).status).toBe(200);
    connection.write(bytes({ method: 'GET', path: `/${bucket}/waiting` }));
    expect((await connection.next()).body).toBe('0123456789');
  });

  const wrongKey = { accessKeyId: 'NINEFOLDTESTKEY', secretAccessKey: 'not the secret' };
  const refused: readonly (readonly [string, number, () => Buffer])[] = [
    ['a wrong signature', 403, () => waitingHead({ key: wrongKey })],
    ['no such bucket', 404, () => waitingHead({ path: '/no-such-bucket/key' })],
    ['If-None-Match: * on a key that exists', 412, () => notReplacing({ 'if-none-match': '*' })],
    ['If-Match with another ETag', 412, () => notReplacing({ 'if-match': '"x"' })],
    ['a header that is not honoured', 501, () => waitingHead({ headers: { 'x-amz-write-offset-bytes': '0' } })],
    ['an unknown sub-resource', 501, () => waitingHead({ query: [['novelty', '']] })],
    ['metadata that is too large', 400, () => waitingHead({ headers: { 'x-amz-meta-a': 'x'.repeat(3000) } })],
    ['a checksum that is none', 400, () => waitingHead({ headers: { 'x-amz-checksum-crc32': 'x' } })],
    ['a length above 5 GiB', 400, () => waitingHead({}, 5 * 1024 ** 3 + 1)],
    ['XML above the limit', 400, () => waitingHead({ path: `/${bucket}`, query: [['tagging', '']] }, 1024 ** 3)],
    [
      'an upload that is not there',
      404,
      () =>
        waitingHead({
          query: [
            ['partNumber', '1'],
            ['uploadId', 'none'],
          ],
        }),
    ],
  ];
  const notReplacing = (headers: Record<string, string>) => waitingHead({ path: `/${bucket}/kept`, headers });

  test.for(refused)('%s → %i without 100, then closed', async ([, status, head]) => {
    await using connection = await open();
    connection.write(head());
    const answer = await connection.next();
    expect(answer.status, answer.body).toBe(status);
    expect(answer.headers.get('connection')).toBe('close');
    expect(await connection.closed()).toBe('');
  });

  test('refused, and the body comes all the same → it is not taken for a request', async () => {
    await using connection = await open();
    const smuggled = bytes({ method: 'DELETE', path: `/${bucket}/kept` });
    connection.write(Buffer.concat([waitingHead({ path: '/no-such-bucket/key' }, smuggled.length), smuggled]));
    expect((await connection.next()).status).toBe(404);
    expect(await connection.closed()).toBe('');
    expect((await send(kept)).body).toBe('kept');
  });

  test('refused, and behind the body comes a request → it is not done', async () => {
    await using connection = await open();
    const behind = bytes({ method: 'DELETE', path: `/${bucket}/kept` });
    connection.write(waitingHead({ path: '/no-such-bucket/key' }));
    expect((await connection.next()).status).toBe(404);
    connection.write(Buffer.concat([Buffer.from('0123456789'), behind]));
    expect(await connection.closed()).toBe('');
    expect((await send(kept)).body).toBe('kept');
  });

  test('GET that expects it → answered at once', async () => {
    await using connection = await open();
    connection.write(wireBytes(sign(kept), '', ['expect: 100-continue']));
    expect((await connection.next()).body).toBe('kept');
  });

  test('an expectation nobody knows → ignored', async () => {
    await using connection = await open();
    connection.write(wireBytes(sign(kept), '', ['expect: miracles']));
    expect((await connection.next()).body).toBe('kept');
  });
});

describe('keep-alive', () => {
  const refusedPut = (length: number): Request => {
    return { method: 'PUT', path: '/no-such-bucket/key', body: Buffer.alloc(length, 'x'), payload: 'UNSIGNED-PAYLOAD' };
  };

  test.for([0, 10, 100_000, 3_000_000])(
    'an error before a body of %i bytes is read → the next is right',
    async (length) => {
      await using connection = await open();
      connection.write(bytes(refusedPut(length)));
      expect((await connection.next()).status).toBe(404);
      connection.write(bytes(kept));
      expect((await connection.next()).body).toBe('kept');
    },
  );

  test('what follows a request and is none → the request is answered, and nothing else', async () => {
    const put = { method: 'PUT', path: `/${bucket}/cut`, body: 'ba', headers: { 'x-amz-checksum-crc32': 'dv8kuw==' } };
    for (const [request, status] of [
      [put, 400],
      [kept, 200],
    ] as const) {
      await using connection = await open();
      connection.write(Buffer.concat([bytes(request), Buffer.from('r')]));
      expect((await connection.next()).status).toBe(status);
      connection.write('more of that\r\n\r\n');
      expect(await connection.closed()).toBe('');
    }
    expect((await send({ method: 'GET', path: `/${bucket}/cut` })).code).toBe('NoSuchKey');
  });

  test('an error, pipelined with the next requests → each its answer, in order', async () => {
    await using connection = await open();
    const head = { method: 'HEAD', path: `/${bucket}/nothing` };
    connection.write(Buffer.concat([bytes(refusedPut(1000)), bytes(kept), bytes(head), bytes(kept)]));
    expect((await connection.next()).code).toBe('NoSuchBucket');
    expect((await connection.next()).body).toBe('kept');
    expect((await connection.next({ isHead: true })).status).toBe(404);
    expect((await connection.next()).body).toBe('kept');
  });

  test('a body that looks like a request, unread → not taken for one', async () => {
    await using connection = await open();
    const smuggled = bytes({ method: 'DELETE', path: `/${bucket}/kept` });
    connection.write(bytes({ ...refusedPut(0), body: smuggled }));
    expect((await connection.next()).status).toBe(404);
    connection.write(bytes(kept));
    expect((await connection.next()).body).toBe('kept');
  });

  test('a body of wrong checksum, read → the next is right', async () => {
    await using connection = await open();
    connection.write(wireBytes(sign({ method: 'PUT', path: `/${bucket}/new`, body: 'one' }), 'two'));
    expect((await connection.next()).code).toBe('XAmzContentSHA256Mismatch');
    connection.write(bytes(kept));
    expect((await connection.next()).body).toBe('kept');
  });

  test('a chunked body that fails in its middle → the rest is passed over or the connection closed', async () => {
    await using connection = await open();
    const payload = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
    const headers = { 'x-amz-decoded-content-length': '100000' };
    const smuggled = bytes({ method: 'DELETE', path: `/${bucket}/kept` });
    const body = Buffer.concat([Buffer.from('not a chunk\r\n'), smuggled, Buffer.alloc(100_000)]);
    connection.write(bytes({ method: 'PUT', path: `/${bucket}/new`, payload, headers, body }));
    const answer = await connection.next();
    expect(answer.code).toBe('InvalidRequest');
    if (answer.headers.get('connection') === 'close') expect(await connection.closed()).toBe('');
    else {
      connection.write(bytes(kept));
      expect((await connection.next()).body).toBe('kept');
    }
  });

  test('a GET with a body → answered, and so is the next', async () => {
    await using connection = await open();
    connection.write(bytes({ ...kept, body: 'what for' }));
    expect((await connection.next()).body).toBe('kept');
    connection.write(bytes(kept));
    expect((await connection.next()).body).toBe('kept');
  });

  test.for([
    ['204', { method: 'DELETE', headers: {} }],
    ['304', { method: 'GET', headers: { 'if-none-match': '*' } }],
  ] as const)('%s → no body, and the next is right', async ([status, { method, headers }]) => {
    await using connection = await open();
    const path = `/${bucket}/${method === 'DELETE' ? 'nothing' : 'kept'}`;
    connection.write(bytes({ method, path, headers }));
    const answer = await connection.next();
    expect(answer.status).toBe(Number(status));
    connection.write(bytes(kept));
    expect((await connection.next()).body).toBe('kept');
  });

  test.for(['nothing', '', '?policy'])('HEAD of what is refused (%s) → status without a body', async (what) => {
    await using connection = await open();
    const query = what === '?policy' ? [['policy', ''] as const] : [];
    const path = what === 'nothing' ? `/${bucket}/nothing` : '/no-such-bucket';
    connection.write(bytes({ method: 'HEAD', path, query }));
    const answer = await connection.next({ isHead: true });
    expect(answer.status).toBe(what === '?policy' ? 405 : 404);
    connection.write(bytes(kept));
    expect((await connection.next()).body).toBe('kept');
  });
});

test('an error before a body too long to pass over → the answer at once, then closed', async () => {
  await using connection = await open();
  const head = sign({ method: 'PUT', path: '/no-such-bucket/key', payload: 'UNSIGNED-PAYLOAD' });
  connection.write(wireBytes(head, Buffer.alloc(100_000), ['content-length: 40000000']));
  const answer = await connection.next();
  expect(answer.code).toBe('NoSuchBucket');
  expect(answer.headers.get('connection')).toBe('close');
  expect(await connection.closed()).toBe('');
});

test('an error before a body too long to pass over, all of which is sent → the answer is read', async () => {
  const request = {
    method: 'PUT',
    path: '/no-such-bucket/key',
    body: Buffer.alloc(6_000_000),
    payload: 'UNSIGNED-PAYLOAD',
  };
  for (let times = 0; times < 12; times++) expect((await send(request)).code).toBe('NoSuchBucket');
});
