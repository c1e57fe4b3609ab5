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
