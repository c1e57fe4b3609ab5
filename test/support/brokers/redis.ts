import { createClient } from '@redis/client';
import { eventually } from '../eventually.ts';
import { freePort } from '../free-port.ts';
import { BrokerProcess, certificate, certificateKey, hasProgram, type LiveBroker, user } from './broker.ts';

/** Writes are synced before they are answered, as in a Redis that is not only a cache. */
export async function redisServer(place: { stream: string } | { list: string }): Promise<LiveBroker> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const server = new BrokerProcess();
  const url = `redis://:${user.password}@127.0.0.1:${port}`;
  const listening = ['--port', String(port), '--bind', '127.0.0.1', '--requirepass', user.password];
  const files = ['--tls-cert-file', certificate, '--tls-key-file', certificateKey, '--tls-auth-clients', 'no'];
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always', '--dir', server.folder];
  const args = [...listening, '--tls-port', String(tlsPort), ...files, ...durable];
  const client = async () => {
    const opened = createClient({ url, socket: { reconnectStrategy: false } });
    opened.on('error', () => {});
    return await opened.connect();
  };
  const secure = { url: `rediss://:${user.password}@127.0.0.1:${tlsPort}`, tls: { ca: certificate } };
  return {
    target: { redis: { ...secure, ...place } },
    liveTarget: { redis: { ...secure, channel: 'live' } },
    missing: hasProgram('redis-server') ? undefined : 'redis-server is not installed',
    async start() {
      await server.start({ command: 'redis-server', args }, port);
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
    async listen() {
      const texts: string[] = [];
      const listener = await client();
      await listener.subscribe('live', (text) => texts.push(text));
      return texts;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
