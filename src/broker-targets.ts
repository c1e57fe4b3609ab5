/**
 * The targets of events that are message brokers and databases. Their clients are read only where one is configured: together
 * they take longer to read than all else. None connects before there is something to send.
 */
import { readFileSync } from 'node:fs';
import { type Config, ConfigError } from './config.ts';
import type { BrokerSettings, BrokerTls } from './config-brokers.ts';
import type { EventTarget } from './events/target.ts';
import type { ReadTlsFiles } from './events/targets/tls-files.ts';

/** Throws ConfigError where the client of one is not installed. */
export async function openBrokers({ events, placeOf }: Pick<Config, 'events' | 'placeOf'>): Promise<EventTarget[]> {
  const opened: EventTarget[] = [];
  for (const [at, { arn, ...settings }] of events.targets.entries()) {
    try {
      const target = await openBroker(arn, settings);
      if (target !== undefined) opened.push(target);
    } catch (error) {
      const missing = missingPackage(error);
      if (missing === undefined) throw error;
      throw new ConfigError(
        `${placeOf(['events', 'targets', at])}: events.targets.${at}: the target ${arn} needs the package ${missing}, ` +
          `which is not installed: npm install ${missing}`,
        { cause: error },
      );
    }
  }
  return opened;
}

async function openBroker(arn: string, settings: BrokerSettings): Promise<EventTarget | undefined> {
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

/** The package whose absence an error tells of. */
export function missingPackage(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) return undefined;
  return /Cannot find package '([^']+)'/.exec(error.message)?.[1];
}
