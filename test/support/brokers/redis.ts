import { createClient } from '@redis/client';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { type Broker, BrokerProcess, hasProgram } from './broker.ts';

/** Writes are synced before they are answered, as in a Redis that is not only a cache. */
export async function redisServer(place: { stream: string } | { list: string }): Promise<Broker> {
  const port = await freePort();
  const server = new BrokerProcess();
  const url = `redis://:a-password@127.0.0.1:${port}`;
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', 'a-password', '--save', ''];
  const client = async () => {
    const opened = createClient({ url, socket: { reconnectStrategy: false } });
    opened.on('error', () => {});
    return await opened.connect();
  };
  return {
    target: { redis: { url, ...place } },
    missing: hasProgram('redis-server') ? undefined : 'redis-server is not installed',
    async start() {
      const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--dir', server.folder];
      await server.start({ command: 'redis-server', args: [...args, ...durable] }, port);
      // It listens before it has read its data.
      await eventually(async () => {
        const opened = await client();
        await opened.ping().finally(() => opened.destroy());
      });
    },
    kill: () => server.kill(),
    async messages() {
      const opened = await client();
      try {
        if ('list' in place) return await opened.lRange(place.list, 0, -1);
        const entries = await opened.xRange(place.stream, '-', '+');
        return (entries ?? []).map(({ message }) => message['event'] ?? '');
      } finally {
        opened.destroy();
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
