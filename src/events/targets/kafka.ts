/** Events as records of a topic of Kafka, acknowledged by all replicas in sync; those of a key go to one partition. */
import { subscribe } from 'node:diagnostics_channel';
import { isIP } from 'node:net';
import { Connection, ProduceAcks, Producer, ProtocolError, stringSerializers, UserError } from '@platformatic/kafka';
import { brokerTarget, noneTaken, rootOf } from '../broker-target.ts';
import { allTaken, type EventTarget, NotTaken } from '../target.ts';
import type { ReadTlsFiles } from './tls-files.ts';

export interface KafkaCredentials {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly username: string;
  readonly password: string;
}

export interface KafkaOptions {
  readonly arn: string;
  /** Some of the cluster, each a host and a port: the others are learnt from them. */
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly sasl: KafkaCredentials | undefined;
  readonly timeoutMs: number;
  /** Undefined: TLS is not spoken. */
  readonly tls: ReadTlsFiles | undefined;
}

/**
 * The connections of a producer, which the library gives its context. It listens for one error of each and tells of several, as of one that is
 * reset while it authenticates; and it leaves the sockets of those that failed to the broker to close.
 */
class Connections {
  readonly #made = new Set<Connection>();

  add(connection: Connection): void {
    this.#made.add(connection);
    connection.on('error', () => {}).on('close', () => this.#made.delete(connection));
  }

  destroy(): void {
    for (const { socket } of this.#made) socket?.destroy();
  }
}
subscribe('plt:kafka:instances', (message) => {
  if (!(message instanceof Object && 'instance' in message && message.instance instanceof Connection)) return;
  if (message.instance.context instanceof Connections) message.instance.context.add(message.instance);
});

export function kafka({ arn, brokers, topic, sasl, timeoutMs, tls }: KafkaOptions): EventTarget {
  return brokerTarget({
    arn,
    address: `kafka://${brokers.join(',')}`,
    timeoutMs,
    async connect({ signal }) {
      const connections = new Connections();
      const producer = new Producer({
        clientId: 'ninefold',
        context: connections,
        bootstrapBrokers: [...brokers],
        serializers: stringSerializers,
        acks: ProduceAcks.ALL,
        // What fails is sent again by the lane, which keeps the order of each key.
        retries: 0,
        connectTimeout: timeoutMs,
        timeout: timeoutMs,
        requestTimeout: timeoutMs,
        ...(sasl !== undefined && { sasl }),
        ...(tls !== undefined && { tls: tls(), tlsServerName: haveNames(brokers) }),
      });
      const close = () => {
        producer.close(true).catch(() => {});
        connections.destroy();
      };
      signal.addEventListener('abort', close);
      try {
        await producer.metadata({ topics: [] });
      } catch (error) {
        close();
        throw error;
      }
      return {
        async publish(messages) {
          try {
            await producer.send({
              messages: messages.map(({ orderedBy, text }) => ({ topic, key: orderedBy, value: text })),
            });
            return allTaken;
          } catch (error) {
            const cause = rootOf(error);
            const isAnswer = cause instanceof ProtocolError || cause instanceof UserError;
            if (!isAnswer) throw new NotTaken('The connection to the brokers failed', { cause });
            return noneTaken(messages, new NotTaken(`The topic ${topic} did not take it`, { cause }));
          }
        },
        close,
      };
    },
  });
}

/** A server that is reached by its address cannot be told its name. */
function haveNames(brokers: readonly string[]): boolean {
  return !brokers.some((broker) => isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) !== 0);
}
