/** Events as persistent messages to an exchange of AMQP 0-9-1 (RabbitMQ), each confirmed by the broker. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConfirmChannel, type Connection, connect } from 'amqplib';
import { type BrokerConnection, brokerTarget, eachTaken, shownAddress } from '../broker-target.ts';
import { type EventMessage, type EventTarget, NotTaken } from '../target.ts';
import type { ReadTlsFiles } from './tls-files.ts';

export interface AmqpOptions {
  readonly arn: string;
  readonly url: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly timeoutMs: number;
  readonly tls: ReadTlsFiles;
}

export function amqp({ arn, url, exchange, routingKey, timeoutMs, tls }: AmqpOptions): EventTarget {
  const noQueue =
    exchange === ''
      ? `There is no queue ${routingKey}: declare it`
      : `No queue takes it: bind one to the exchange ${exchange} for the routing key ${routingKey}`;
  return brokerTarget({
    arn,
    address: shownAddress(url),
    timeoutMs,
    async connect({ lost, signal }) {
      const clientProperties = { connection_name: 'ninefold' };
      const socket = socketTo(url, signal);
      const model = await connect(url, { timeout: timeoutMs, keepAlive: true, clientProperties, ...socket, ...tls() });
      const gone = () => lost(new NotTaken('The broker closed the connection'));
      model.on('error', lost).on('close', gone);
      const close = () => {
        model.close().catch(() => {});
        destroyStream(model.connection);
      };
      try {
        const channel = await model.createConfirmChannel();
        channel.on('error', lost).on('close', gone);
        return { publish: publishOn(channel, { exchange, routingKey, noQueue }), close };
      } catch (error) {
        close();
        throw error;
      }
    },
  });
}

interface Route {
  readonly exchange: string;
  readonly routingKey: string;
  /** What to say where it leads nowhere. */
  readonly noQueue: string;
}

/** A message that no queue takes comes back before it is confirmed: confirmed it is all the same. */
function publishOn(channel: ConfirmChannel, { exchange, routingKey, noQueue }: Route): BrokerConnection['publish'] {
  const returned = new Set<unknown>();
  channel.on('return', ({ properties }) => returned.add(properties.messageId));
  const options = { mandatory: true, persistent: true, contentType: 'application/json' };
  const publish = ({ id, text }: EventMessage): Promise<void> =>
    new Promise((resolve, reject) => {
      channel.publish(exchange, routingKey, Buffer.from(text), { ...options, messageId: id }, (error) => {
        const isReturned = returned.delete(id);
        if (error) reject(new NotTaken('The broker refused it', { cause: error }));
        else if (isReturned) reject(new NotTaken(noQueue));
        else resolve();
      });
    });
  return (messages) => eachTaken(messages, publish);
}

/** What the library gives Node to connect with, so that it can be given up: TLS heeds no signal itself. */
function socketTo(url: string, signal: AbortSignal): { readonly signal: AbortSignal } | { readonly socket: Socket } {
  const { protocol, hostname, port } = new URL(url);
  if (protocol === 'amqp:') return { signal };
  const socket = new Socket({ signal });
  return { socket: socket.connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 5671 }) };
}

/** The library waits for the broker's word, which may never come. */
function destroyStream(connection: Connection & { readonly stream?: Duplex }): void {
  connection.stream?.destroy();
}
