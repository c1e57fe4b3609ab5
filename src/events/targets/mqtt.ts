/** Events as messages of a topic of MQTT, published with quality of service 1: each is acknowledged by the broker. */
import { connect } from 'mqtt';
import { brokerTarget, eachTaken, shownAddress } from '../broker-target.ts';
import { type EventMessage, type EventTarget, NotTaken } from '../target.ts';
import type { ReadTlsFiles } from './tls-files.ts';

export interface MqttOptions {
  readonly arn: string;
  readonly url: string;
  readonly topic: string;
  /** 4 is version 3.1.1, whose brokers acknowledge also what they refuse. */
  readonly protocolVersion: 4 | 5;
  readonly timeoutMs: number;
  readonly tls: ReadTlsFiles;
}

export function mqtt({ arn, url, topic, protocolVersion, timeoutMs, tls }: MqttOptions): EventTarget {
  return brokerTarget({
    arn,
    address: shownAddress(url),
    timeoutMs,
    async connect({ lost, signal }) {
      const client = connect(url, { protocolVersion, reconnectPeriod: 0, connectTimeout: timeoutMs, ...tls() });
      const close = () => {
        client.end(true);
      };
      signal.addEventListener('abort', close);
      client.on('error', lost).on('close', () => lost(new NotTaken('The broker closed the connection')));
      // What keeps it from that is told by the listeners above.
      await new Promise<void>((resolve) => client.once('connect', () => resolve()));
      const publish = async ({ text }: EventMessage): Promise<void> => {
        try {
          await client.publishAsync(topic, text, { qos: 1 });
        } catch (error) {
          throw new NotTaken(`The broker did not take it for the topic ${topic}`, { cause: error });
        }
      };
      return { publish: (messages) => eachTaken(messages, publish), close };
    },
  });
}
