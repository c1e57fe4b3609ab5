/** Bodies as they come in, at once or in pieces: condition → result. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { BytesAtHand } from '../lib/bytes-at-hand.ts';
import { steadyClock } from '../lib/clock.ts';
import { Exchange } from './exchange.ts';

const server = createServer();
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
let client: Socket | undefined;

afterEach(() => {
  client?.destroy();
  server.close();
});

/** A request of which these bytes have come. */
async function received(text: string, length = text.length): Promise<Exchange> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
  client = connect(port, '127.0.0.1');
  client.write(`PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n${text}`);
  const [request, response]: [IncomingMessage, ServerResponse] = Object(await once(server, 'request'));
  await nextTurn();
  return new Exchange(request, response, { bytesPerSecondMin: 0, windowMs: 1, clock: steadyClock });
}

test('a body that has come with its head → at hand', async () => {
  const exchange = await received('hello');
  const body = exchange.body();
  expect(body).toBeInstanceOf(BytesAtHand);
  expect((await buffer(body)).toString()).toBe('hello');
  expect(exchange.bytesReceived).toBe(5);
  expect(exchange.bodyEndedMs).toBeDefined();
});

test('a body that has come in several pieces, all there before it is asked for → all of them at hand', async () => {
  const text = 'abc'.repeat(30_000);
  const exchange = await received(text);
  await eventually(() => expect(exchange.request.complete).toBe(true));
  const body = exchange.body();
  expect(body).toBeInstanceOf(BytesAtHand);
  expect((await buffer(body)).toString() === text).toBe(true);
});

test('a body of which a piece is missing → a stream to its end', async () => {
  const exchange = await received('he', 5);
  const body = exchange.body();
  expect(body).not.toBeInstanceOf(BytesAtHand);
  client?.write('llo');
  expect((await buffer(body)).toString()).toBe('hello');
  expect(exchange.bytesReceived).toBe(5);
});
