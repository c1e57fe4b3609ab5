import { once } from 'node:events';
import { Agent } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { exchange, NoAnswer } from './exchange.ts';

const chunk = Buffer.alloc(1024 * 1024);

/** What sends 64 MiB to a server that does with the connection what `onConnection` says, and whether reading has ended. */
async function sendTo(onConnection: (socket: Socket) => void) {
  const server = createServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent();
  const reading = Promise.withResolvers<void>();
  async function* read() {
    try {
      for (let i = 0; i < 64; i++) yield chunk;
    } finally {
      reading.resolve();
    }
  }
  const answer = exchange({
    ...{ origin: new URL(`http://127.0.0.1:${port}`), agent, method: 'PUT', path: '/', headers: {}, timeoutMs: 300 },
    body: { length: 64 * chunk.length, read },
  });
  return { answer, hasEnded: reading.promise, end: () => server.close() };
}

test.each<[string, (socket: Socket) => void]>([
  ['breaks off', (socket) => socket.once('data', () => setTimeout(() => socket.destroy(), 20))],
  ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy())],
  ['takes nothing', (socket) => socket.pause()],
])('a server that %s in the middle of a body → no answer, and nothing goes on reading', async (_, onConnection) => {
  const { answer, hasEnded, end } = await sendTo((socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    onConnection(socket);
  });
  await expect(answer).rejects.toThrow(NoAnswer);
  await hasEnded;
  end();
});

test('a small body → with its head in one piece; one that ends too early → rejected, and not sent', async () => {
  const came: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      came.push(data.toString());
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = new URL(`http://127.0.0.1:${port}`);
  const put = (length: number) =>
    exchange({
      ...{ origin, agent: new Agent(), method: 'PUT', path: '/', headers: {}, timeoutMs: 60_000 },
      body: {
        length,
        async *read() {
          yield Buffer.from('one,');
          yield Buffer.from('two');
        },
      },
    });
  await expect(put(7)).resolves.toMatchObject({ status: 200, text: 'ok' });
  expect(came).toHaveLength(1);
  expect(came[0]).toMatch(/\r\n\r\none,two$/);
  await expect(put(8)).rejects.toThrow('a body of 8 bytes ended after 7');
  expect(came).toHaveLength(1);
  server.close();
});
