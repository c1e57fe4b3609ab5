/** Events in Redis, or what speaks its protocol: as entries of a stream, at the end of a list, or published on a channel. */
import { createClient } from '@redis/client';
import { type BrokerConnection, brokerTarget, eachTaken, noneTaken, shownAddress } from '../broker-target.ts';
import { type EventTarget, NotTaken } from '../target.ts';
import type { ReadTlsFiles } from './tls-files.ts';

export interface RedisOptions {
  readonly arn: string;
  readonly url: string;
  readonly place: RedisPlace;
  /** How many replicas must have an event before it counts as taken. */
  readonly replicas: number;
  readonly timeoutMs: number;
  readonly tls: ReadTlsFiles;
}

export type RedisPlace = { readonly stream: string } | { readonly list: string } | { readonly channel: string };

export function redis({ arn, url, place, replicas, timeoutMs, tls }: RedisOptions): EventTarget {
  return brokerTarget({
    arn,
    address: shownAddress(url),
    timeoutMs,
    async connect({ lost, signal }) {
      const socket = { reconnectStrategy: false as const, connectTimeout: timeoutMs };
      const client = createClient({
        url,
        name: 'ninefold',
        disableOfflineQueue: true,
        socket: url.startsWith('rediss:') ? { ...socket, tls: true, ...tls() } : socket,
      });
      const close = () => {
        if (client.isOpen) client.destroy();
      };
      signal.addEventListener('abort', close);
      client.on('error', lost).on('end', () => lost(new NotTaken('The server closed the connection')));
      await client.connect();
      return { publish: publishTo({ place, replicas, timeoutMs }, (command) => client.sendCommand(command)), close };
    },
  });
}

type Send = (command: readonly string[]) => Promise<unknown>;
type Publishing = Pick<RedisOptions, 'place' | 'replicas' | 'timeoutMs'>;

function publishTo({ place, replicas, timeoutMs }: Publishing, send: Send): BrokerConnection['publish'] {
  return async (messages) => {
    const publishing = eachTaken(messages, ({ text }) => send(commandOf(place, text)));
    // On one connection, so it is about what was sent before it. It is answered before the time for all of it is over.
    const waiting = replicas === 0 ? 0 : send(['WAIT', String(replicas), String(Math.floor(timeoutMs / 2))]);
    const [notTaken, reached] = await Promise.all([publishing, waiting]);
    if (Number(reached) >= replicas) return notTaken;
    return noneTaken(messages, new NotTaken(`${String(reached)} of ${replicas} replicas have it`));
  };
}

function commandOf(place: RedisPlace, text: string): readonly string[] {
  if ('stream' in place) return ['XADD', place.stream, '*', 'event', text];
  return 'list' in place ? ['RPUSH', place.list, text] : ['PUBLISH', place.channel, text];
}
