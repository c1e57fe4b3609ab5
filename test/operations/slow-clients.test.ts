/** Clients that are slow, or many, on purpose or not: they are let go, and nobody else waits for them. */
import { connect, type Socket } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { wireBytes } from '../support/raw-http.ts';
import { type Request, signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({
  config: `
logLevel: debug
limits:
  idleTimeoutMs: 1000
  headerTimeoutMs: 1000
  keepAliveTimeoutMs: 1000
  bytesPerSecondMin: 1000
`,
});
const { sign, send } = signedRequests(daemon);
let bucket: string;
const timedOut =
  '<Code>RequestTimeout</Code><Message>Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.</Message>';

beforeAll(async () => {
  bucket = await daemon().newBucket();
  await prepare({ method: 'PUT', path: `/${bucket}/k`, body: 'content' });
});

/** With limits as short as these, a busy machine may be too slow for them once. */
const prepare = (request: Request) => eventually(async () => expect((await send(request)).status).toBe(200));

const putHead = (length: number, path = `/${bucket}/slow`): Buffer =>
  wireBytes(sign({ method: 'PUT', path, payload: 'UNSIGNED-PAYLOAD' }), '', [`content-length: ${length}`]);

/** Writes a byte every 50 ms until the test is over. */
function trickle(connection: RawConnection): AsyncDisposable {
  const timer = setInterval(() => connection.write('x'), 50);
  return { [Symbol.asyncDispose]: async () => clearInterval(timer) };
}

describe.concurrent('an upload', () => {
  test.for([10, 3_000_000])('of %i bytes that stops in the middle → 400 RequestTimeout, closed', async (length) => {
    await using connection = await RawConnection.open(daemon().port);
    connection.write(putHead(length));
    connection.write('x');
    const answer = await connection.next();
    expect(answer.status).toBe(400);
    expect(answer.body).toContain(timedOut);
    expect(await connection.closed()).toBe('');
  });

  test.for([1000, 3_000_000])('of %i bytes that trickles → 400 RequestTimeout, closed', async (length) => {
    await using connection = await RawConnection.open(daemon().port);
    connection.write(putHead(length));
    await using _ = trickle(connection);
    expect((await connection.next()).body).toContain(timedOut);
    expect(await connection.closed()).toBe('');
  });

  test('that was refused and trickles on → closed', async () => {
    await using connection = await RawConnection.open(daemon().port);
    connection.write(putHead(1000, '/no-such-bucket/k'));
    await using _ = trickle(connection);
    expect((await connection.next()).status).toBe(404);
    await connection.closed();
  });

  test('a form of IAM that trickles → 400 RequestTimeout', async () => {
    await using connection = await RawConnection.open(daemon().port);
    connection.write(
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n',
    );
    await using _ = trickle(connection);
    const answer = await connection.next();
    expect([answer.status, answer.code]).toEqual([400, 'RequestTimeout']);
  });
});

describe.concurrent('a connection', () => {
  test('whose head does not come to its end → 400 RequestTimeout, closed', async () => {
    await using connection = await RawConnection.open(daemon().port);
    connection.write('GET /k HTTP/1.1\r\nHost: h\r\n');
    await using _ = trickle(connection);
    expect((await connection.next()).code).toBe('RequestTimeout');
    await connection.closed();
  });

  test.for([
    ['nothing at all is sent', ''],
    ['no next request', 'GET /-/live HTTP/1.1\r\nHost: h\r\n\r\n'],
  ] as const)('on which %s → closed', async ([, bytes]) => {
    await using connection = await RawConnection.open(daemon().port);
    if (bytes !== '') connection.write(bytes);
    await connection.closed();
  });
});

test('an answer that nobody reads → closed before its end', async () => {
  const size = 24 * 1024 * 1024;
  await prepare({ method: 'PUT', path: `/${bucket}/large`, body: Buffer.alloc(size), payload: 'UNSIGNED-PAYLOAD' });
  const socket = connect(daemon().port, '127.0.0.1');
  socket.pause();
  socket.write(wireBytes(sign({ method: 'GET', path: `/${bucket}/large` })));
  await eventually(() => expect(daemon().output).toMatch(/"method":"GET","path":"[^"]*\/large"/));
  let read = 0;
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve).resume());
  expect(read).toBeLessThan(size);
});

describe('many of one address', () => {
  // Of a server that does not let go of those which wait: on a busy machine it may take a while until all are there.
  const crowded = useDaemon({ config: 'limits: { connectionsPerAddressMax: 20, requestsPerAddressMax: 12 }' });
  const { sign, send } = signedRequests(crowded);
  let get: Request;
  beforeAll(async () => {
    get = { method: 'GET', path: `/${await crowded().newBucket()}/k` };
    await send({ ...get, method: 'PUT', body: 'content' });
  });

  test('more requests at once → 503 SlowDown, until some are done', async () => {
    const waiting: RawConnection[] = [];
    const head = sign({ ...get, method: 'PUT', payload: 'UNSIGNED-PAYLOAD' });
    for (let i = 0; i < 12; i++) {
      const connection = await RawConnection.open(crowded().port);
      waiting.push(connection);
      connection.write(wireBytes(head, '', ['content-length: 10']));
    }
    await eventually(async () => expect((await send(get)).code).toBe('SlowDown'));
    for (const connection of waiting) connection.write('0123456789');
    for (const connection of waiting) expect((await connection.next()).status).toBe(200);
    for (const connection of waiting) await connection[Symbol.asyncDispose]();
    expect((await send(get)).body).toBe('0123456789');
  });

  test('more connections at once → closed as they come, until some have gone', async () => {
    const sockets: Socket[] = [];
    const isClosed = (socket: Socket) => new Promise((resolve) => socket.once('close', () => resolve(true)).resume());
    const closed: Promise<unknown>[] = [];
    for (let i = 0; i < 30; i++) {
      const socket = connect(crowded().port, '127.0.0.1').on('error', () => undefined);
      sockets.push(socket);
      closed.push(isClosed(socket));
    }
    await Promise.any(closed);
    for (const socket of sockets) socket.destroy();
    await eventually(async () => expect((await send(get)).status).toBe(200));
    await eventually(() => expect(crowded().output).toContain('Connections beyond the limit were closed'));
  });
});
