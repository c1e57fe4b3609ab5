/** What all targets that keep a connection have in common, by their real clients and servers that do not answer. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import type { ObjectEvent } from '../../engine/types.ts';
import type { EventMessage, EventTarget } from '../target.ts';
import { amqp } from './amqp.ts';
import { kafka } from './kafka.ts';
import { mqtt } from './mqtt.ts';
import { nats } from './nats.ts';
import { postgres } from './postgres.ts';
import { redis } from './redis.ts';

const options = { arn: 'arn', tls: () => ({}) };
const signal = new AbortController().signal;
const messages: readonly EventMessage[] = [{ text: '{}', orderedBy: 'b/k', id: '1', event: {} as ObjectEvent }];

const targets: Readonly<Record<string, (at: string, timeoutMs: number) => EventTarget>> = {
  amqp: (at, timeoutMs) =>
    amqp({ ...options, timeoutMs, url: `amqp://user:secret@${at}`, exchange: '', routingKey: 'q' }),
  kafka: (at, timeoutMs) =>
    kafka({ ...options, timeoutMs, brokers: [at], topic: 't', sasl: undefined, tls: undefined }),
  nats: (at, timeoutMs) =>
    nats({
      ...options,
      timeoutMs,
      servers: [`nats://user:secret@${at}`],
      subject: 's',
      jetStream: true,
      credentials: undefined,
    }),
  mqtt: (at, timeoutMs) =>
    mqtt({ ...options, timeoutMs, url: `mqtt://user:secret@${at}`, topic: 't', protocolVersion: 5 }),
  redis: (at, timeoutMs) =>
    redis({ ...options, timeoutMs, url: `redis://user:secret@${at}`, place: { list: 'l' }, replicas: 0 }),
  postgres: (at, timeoutMs) =>
    postgres({ ...options, timeoutMs, url: `postgres://user:secret@${at}/db`, table: 't', tls: undefined }),
};

/** A server that takes connections and says nothing, and those that are open. */
async function silentServer() {
  const open = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { open, address, connections: () => connections, close: () => server.close() };
}

test.for(Object.entries(targets))(
  '%s: the broker does not answer → not taken in time, and no connection is left',
  async ([, targetAt]) => {
    const server = await silentServer();
    const target = targetAt(server.address, 300);
    expect(server.connections()).toBe(0);
    // On a busy machine it may be too late before the client has so much as connected.
    await eventually(async () => {
      await expect(target.send(messages, signal)).rejects.toThrow();
      expect(server.connections()).toBeGreaterThan(0);
    });
    await eventually(() => expect(server.open.size).toBe(0));
    server.close();
  },
);

test.for(Object.entries(targets))(
  '%s: closed while it connects → the connection is ended at once',
  async ([, targetAt]) => {
    const server = await silentServer();
    const target = targetAt(server.address, 60_000);
    const sending = target.send(messages, signal);
    await eventually(() => expect(server.open.size).toBe(1));
    await target.close?.();
    await expect(sending).rejects.toThrow('The server stops');
    await eventually(() => expect(server.open.size).toBe(0));
    server.close();
  },
);

test.for(Object.entries(targets))(
  '%s: nobody listens → the error says where, and no secret',
  async ([kind, targetAt]) => {
    const target = targetAt('127.0.0.1:1', 60_000);
    const error = await target.send(messages, signal).then(
      () => undefined,
      (why: Error) => why,
    );
    const cause = { message: expect.stringContaining('ECONNREFUSED') };
    expect(error).toMatchObject({ message: `No connection to ${kind}://127.0.0.1:1`, cause });
  },
);
