/** Events as messages of NATS: in a stream of JetStream, which acknowledges each, or to whoever listens at that moment. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  NoRespondersError,
  RequestError,
} from '@nats-io/transport-node';
import { type BrokerConnection, brokerTarget, eachTaken, rootOf, shownAddress } from '../broker-target.ts';
import { allTaken, type EventMessage, type EventTarget, NotTaken } from '../target.ts';
import type { ReadTlsFiles } from './tls-files.ts';

export interface NatsOptions {
  readonly arn: string;
  /** Of one cluster; the first that answers is taken. */
  readonly servers: readonly string[];
  readonly subject: string;
  readonly jetStream: boolean;
  /** Reads a file of credentials (JWT and seed), if there is one. */
  readonly credentials: (() => Uint8Array) | undefined;
  readonly timeoutMs: number;
  readonly tls: ReadTlsFiles;
}

/** Sockets of the attempt under way: the library leaves them open when no server has answered in time. */
const ownSockets = new AsyncLocalStorage<Set<Socket>>();
subscribe('net.client.socket', (message) => {
  if (!(message instanceof Object && 'socket' in message && message.socket instanceof Socket)) return;
  ownSockets.getStore()?.add(message.socket);
});

export function nats(options: NatsOptions): EventTarget {
  const { arn, servers, subject, jetStream, credentials, timeoutMs, tls } = options;
  return brokerTarget({
    arn,
    address: servers.map(shownAddress).join(','),
    timeoutMs,
    async connect({ lost, signal }) {
      const sockets = new Set<Socket>();
      const close = () => {
        for (const socket of sockets) socket.destroy();
      };
      signal.addEventListener('abort', close);
      const connecting: NodeConnectionOptions = {
        servers: servers.map((server) => new URL(server).host),
        name: 'ninefold',
        reconnect: false,
        timeout: timeoutMs,
        pingInterval: 30_000,
        ...userOf(servers),
        ...(credentials !== undefined && { authenticator: credsAuthenticator(credentials()) }),
        ...(servers.some((server) => server.startsWith('tls:')) && { tls: tls() }),
      };
      const connection = await ownSockets.run(sockets, () => connect(connecting));
      void watch(connection, lost);
      void connection.closed().then((why) => lost(why ?? new NotTaken('The server closed the connection')));
      return {
        publish: jetStream ? publishToStream(connection, { subject, timeoutMs }) : publishToAll(connection, subject),
        close,
      };
    },
  });
}

/** User and password are those of the first server: all of a cluster know the same. */
function userOf([server = '']: readonly string[]): { user?: string; pass?: string } {
  const { username, password } = new URL(server);
  return username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
}

/** What a server refuses without a place to answer, such as a subject that the user may not publish to, it says aside. */
async function watch(connection: NatsConnection, lost: (why: Error) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'error') lost(status.error);
  }
}

/** The stream drops what it is sent a second time within its window of duplicates. */
function publishToStream(
  connection: NatsConnection,
  { subject, timeoutMs }: { subject: string; timeoutMs: number },
): BrokerConnection['publish'] {
  const stream = jetstream(connection, { timeout: timeoutMs });
  const noStream = `No stream of JetStream takes the subject ${subject}: add one with it (nats stream add), or set jetStream: false`;
  const publish = async ({ text, id, event }: EventMessage): Promise<void> => {
    try {
      await stream.publish(subject, text, { msgID: 'requestId' in event ? `${event.requestId}-${id}` : id });
    } catch (error) {
      const cause = rootOf(error);
      if (cause instanceof RequestError || cause instanceof NoRespondersError) throw new NotTaken(noStream);
      throw error;
    }
  };
  return (messages) => eachTaken(messages, publish);
}

/** The server has what it was sent before a ping that it answers. */
function publishToAll(connection: NatsConnection, subject: string): BrokerConnection['publish'] {
  return async (messages) => {
    for (const { text } of messages) connection.publish(subject, text);
    await connection.flush();
    // That it refused some it has said before, and is told in a moment.
    await setImmediate();
    return allTaken;
  };
}
