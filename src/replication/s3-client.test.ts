/** A client of another server, and what that server may do to it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { DestinationAway } from '../engine/replication/types.ts';
import { systemClock } from '../lib/clock.ts';
import { S3Client, S3Failure } from './s3-client.ts';

type Serve = (request: IncomingMessage, response: ServerResponse) => void;
const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

/** A server, and how many bytes of bodies came to it. */
async function serverOf(serve: Serve): Promise<{ port: number; received: () => number }> {
  let received = 0;
  const counting: Serve = (request, response) => {
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    serve(request, response);
  };
  const server: Server = createServer(counting);
  // Who wants the body before it answers says so.
  server.on('checkContinue', counting);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  opened.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, received: () => received };
}

function clientOf(port: number): S3Client {
  const key = { accessKeyId: 'AKIA', secretAccessKey: 'secret', region: 'us-east-1' };
  const client = new S3Client({
    ...{ endpoint: `http://127.0.0.1:${port}`, ...key, pathStyle: true, timeoutMs: 60_000, clock: systemClock },
  });
  opened.push(() => client.close());
  return client;
}

const pieceBytes = 64 * 1024;
/** A body in pieces, of which one may be missing; and how many were read. */
function bodyOf(pieces: number, missing = Number.POSITIVE_INFINITY) {
  let read = 0;
  async function* stream() {
    for (let piece = 0; piece < pieces; piece++) {
      if (piece === missing) throw new Error('a piece is lost');
      read++;
      yield Buffer.alloc(pieceBytes, piece);
    }
  }
  return { length: pieces * pieceBytes, read: stream, pieces: () => read };
}
const put = (client: S3Client, body: ReturnType<typeof bodyOf>, headers: Record<string, string> = {}) =>
  client.call({ method: 'PUT', bucket: 'there', key: 'k', headers, body });
/** Answers once the whole request is there. */
const answering =
  (status: number, text = '', headers: Record<string, string> = {}): Serve =>
  (request, response) => {
    response.writeContinue();
    request.resume().once('end', () => response.writeHead(status, headers).end(text));
  };
const errorText = (code: string) => `<Error><Code>${code}</Code><Message>so it is</Message></Error>`;

test('a redirect → the whole body to the other server, signed for it, and none of it to the first', async () => {
  const seen: (string | undefined)[] = [];
  const other = await serverOf((request, response) => {
    seen.push(request.url, request.headers.host, request.headers.authorization?.slice(0, 16));
    answering(200)(request, response);
  });
  const location = `http://127.0.0.1:${other.port}/there/k`;
  const first = await serverOf((_, response) => response.writeHead(307, { location }).end());
  const body = bodyOf(32);
  await put(clientOf(first.port), body);
  expect(seen).toEqual(['/there/k', `127.0.0.1:${other.port}`, 'AWS4-HMAC-SHA256']);
  expect([first.received(), other.received()]).toEqual([0, body.length]);
});

test('servers that redirect to each other → away, after a few times', async () => {
  const ports: number[] = [];
  let requests = 0;
  for (const at of [0, 1]) {
    const { port } = await serverOf((_, response) => {
      requests++;
      response.writeHead(307, { location: `http://127.0.0.1:${ports[1 - at]}/` }).end();
    });
    ports.push(port);
  }
  await expect(put(clientOf(ports[0] ?? 0), bodyOf(1))).rejects.toThrow(DestinationAway);
  expect(requests).toBe(5);
});

test('a refusal before the body has come → no more of it is read', async () => {
  const { port } = await serverOf((request, response) => {
    response.writeContinue();
    request.once('data', () => response.writeHead(403).end(errorText('AccessDenied')));
  });
  const body = bodyOf(10_000);
  await expect(put(clientOf(port), body)).rejects.toMatchObject({ status: 403, code: 'AccessDenied' });
  expect(body.pieces()).toBeLessThan(1000);
});

test.each<[string, Serve]>([
  ['503', answering(503, errorText('SlowDown'))],
  ['429 without a word', answering(429)],
  ['200 with SlowDown', answering(200, errorText('SlowDown'))],
  ['502 of something in between', answering(502, '<html>Bad Gateway</html>')],
  ['another clock', answering(403, errorText('RequestTimeTooSkewed'))],
  ['a key that it does not know', answering(403, errorText('InvalidAccessKeyId'))],
  ['a redirect to nowhere', answering(301, errorText('PermanentRedirect'))],
  ['the end of the connection', (request) => request.once('data', () => request.socket.destroy())],
  [
    'half an answer',
    (request, response) => {
      response.writeContinue();
      response.writeHead(200, { 'content-length': '10' }).write('<a>');
      request.once('data', () => response.destroy());
    },
  ],
])('%s → the destination is away', async (_, serve) => {
  const { port } = await serverOf(serve);
  await expect(put(clientOf(port), bodyOf(2))).rejects.toThrow(DestinationAway);
});

test.each<[string, Serve, string]>([
  ['403', answering(403, errorText('AccessDenied')), 'AccessDenied'],
  ['501', answering(501, errorText('NotImplemented')), 'NotImplemented'],
  ['200 with an error', answering(200, errorText('InvalidPart')), 'InvalidPart'],
])('%s → the request is refused', async (_, serve, code) => {
  const { port } = await serverOf(serve);
  const failure = await put(clientOf(port), bodyOf(2)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(S3Failure);
  expect(failure).toMatchObject({ code });
});

test('a header beyond US-ASCII, of a small body or a large one → a byte for each character', async () => {
  const seen: (string | undefined)[] = [];
  const { port } = await serverOf((request, response) => {
    seen.push(request.headers['x-amz-meta-colour'] as string);
    answering(200)(request, response);
  });
  for (const pieces of [1, 20]) await put(clientOf(port), bodyOf(pieces), { 'x-amz-meta-colour': 'gr\u00c3\u00bcn' });
  expect(seen).toEqual(['gr\u00c3\u00bcn', 'gr\u00c3\u00bcn']);
});

test('a body that cannot be read → that is thrown, and the destination is not away', async () => {
  const { port } = await serverOf(answering(200));
  await expect(put(clientOf(port), bodyOf(40, 30))).rejects.toThrow('a piece is lost');
});

test('a server that does not say whether it wants the body → gets it', async () => {
  const { port, received } = await serverOf((request, response) => {
    request.resume().once('end', () => response.end());
  });
  const body = bodyOf(20);
  await put(clientOf(port), body);
  expect(received()).toBe(body.length);
});
