/** The clients of message brokers and databases, each read only where it is wanted: together they take longer to read than all else. */
import { readFileSync } from 'node:fs';
import type { BrokerSettings, BrokerTls } from './config-brokers.ts';
import type { EventTarget } from './events/target.ts';
import type { ReadTlsFiles } from './events/targets/tls-files.ts';

/** What a target that is a broker is told of itself. */
export interface BrokerOfArn {
  readonly arn: string;
  readonly settings: BrokerSettings;
}

/** The packages that each kind is spoken to with. */
export const packagesOf: Readonly<Record<keyof BrokerSettings, readonly string[]>> = {
  amqp: ['amqplib'],
  kafka: ['@platformatic/kafka'],
  nats: ['@nats-io/transport-node', '@nats-io/jetstream'],
  mqtt: ['mqtt'],
  redis: ['@redis/client'],
  postgres: ['pg'],
};

/** Undefined where the settings are those of another kind of target. */
export async function openBroker({ arn, settings }: BrokerOfArn): Promise<EventTarget | undefined> {
  const { amqp, kafka, nats, mqtt, redis, postgres } = settings;
  if (amqp !== undefined) {
    const targets = await import('./events/targets/amqp.ts');
    return targets.amqp({ arn, ...amqp, tls: filesOf(amqp.tls) });
  }
  if (kafka !== undefined) {
    const targets = await import('./events/targets/kafka.ts');
    return targets.kafka({ arn, ...kafka, sasl: kafka.sasl, tls: kafka.tls && filesOf(kafka.tls) });
  }
  if (nats !== undefined) {
    const targets = await import('./events/targets/nats.ts');
    const { credentialsFile } = nats;
    const credentials = credentialsFile === undefined ? undefined : () => readFileSync(credentialsFile);
    return targets.nats({ arn, ...nats, credentials, tls: filesOf(nats.tls) });
  }
  if (mqtt !== undefined) {
    const targets = await import('./events/targets/mqtt.ts');
    return targets.mqtt({ arn, ...mqtt, tls: filesOf(mqtt.tls) });
  }
  if (redis !== undefined) {
    const targets = await import('./events/targets/redis.ts');
    return targets.redis({ arn, ...redis, place: placeIn(redis), tls: filesOf(redis.tls) });
  }
  if (postgres !== undefined) {
    const targets = await import('./events/targets/postgres.ts');
    return targets.postgres({ arn, ...postgres, tls: postgres.tls && filesOf(postgres.tls) });
  }
  return undefined;
}

function placeIn({ stream, list, channel = '' }: NonNullable<BrokerSettings['redis']>) {
  if (stream !== undefined) return { stream };
  return list === undefined ? { channel } : { list };
}

/** Files are replaced while a server runs: each connection reads them anew. */
function filesOf(tls: BrokerTls | undefined): ReadTlsFiles {
  return () => ({
    ...(tls?.ca !== undefined && { ca: readFileSync(tls.ca, 'utf8') }),
    ...(tls?.certificate !== undefined && { cert: readFileSync(tls.certificate, 'utf8') }),
    ...(tls?.key !== undefined && { key: readFileSync(tls.key, 'utf8') }),
  });
}
