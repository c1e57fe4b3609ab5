/** What becomes of the bytes behind an answer that cannot be sent to its end: condition → result. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { steadyClock } from '../lib/clock.ts';
import { S3Error } from './errors.ts';
import { Exchange } from './exchange.ts';

const server = createServer();

afterEach(() => {
  server.removeAllListeners('request');
  server.close();
});

/** An endless source that says whether it was given back. */
class Source implements AsyncIterableIterator<Uint8Array> {
  returned = false;
  readonly #beforeChunk: () => Promise<unknown>;

  constructor(beforeChunk: () => Promise<unknown>) {
    this.#beforeChunk = beforeChunk;
  }
  [Symbol.asyncIterator](): this {
    return this;
  }
  async next(): Promise<IteratorResult<Uint8Array>> {
    await this.#beforeChunk();
    return { done: false, value: new Uint8Array(10) };
  }
  async return(): Promise<IteratorResult<Uint8Array>> {
    this.returned = true;
    return { done: true, value: undefined };
  }
}

/** Runs `answer` for one request of a client that goes away once it has sent it. */
async function whenClientLeaves<T>(answer: (exchange: Exchange, closed: Promise<unknown>) => Promise<T>): Promise<T> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
  const client = connect(port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const [request, response]: [IncomingMessage, ServerResponse] = Object(await once(server, 'request'));
  const closed = once(response, 'close');
  const answered = answer(
    new Exchange(request, response, { bytesPerSecondMin: 0, windowMs: 1, clock: steadyClock }),
    closed,
  );
  client.destroy();
  return answered;
}

test('the client leaves while bytes are being read → they are given back', async () => {
  const source = await whenClientLeaves(async (exchange, closed) => {
    const stream = new Source(() => closed);
    await exchange.send({ status: 200, headers: [], body: undefined, stream });
    return stream;
  });
  expect(source.returned).toBe(true);
});

test('the client leaves before an answer without bytes → it ends', async () => {
  await whenClientLeaves(async (exchange, closed) => {
    await closed;
    await exchange.send({ status: 200, headers: [], body: Buffer.from('x') });
    await exchange.sendError(new S3Error('InternalError'), '/');
  });
});

test('a head that cannot be sent → the bytes behind it are given back', async () => {
  const source = await whenClientLeaves(async (exchange) => {
    const stream = new Source(async () => undefined);
    const sent = exchange.send({ status: 200, headers: ['x-broken', 'a\nb'], body: undefined, stream });
    await expect(sent).rejects.toThrow('Invalid character');
    return stream;
  });
  expect(source.returned).toBe(true);
});
