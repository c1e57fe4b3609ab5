/**
 * The targets of events that are message brokers and databases, each with a thread of its own that begins with the first message. None
 * connects before there is something to send.
 */
import { findPackageJSON } from 'node:module';
import { type BrokerOfArn, packagesOf } from './broker-clients.ts';
import { type Config, ConfigError } from './config.ts';
import type { BrokerSettings } from './config-brokers.ts';
import { batchMax } from './events/broker-target.ts';
import type { EventTarget } from './events/target.ts';
import { threadTarget } from './events/thread-target.ts';
import type { Log } from './lib/log.ts';
import { startThread } from './lib/start-thread.ts';

/** Throws ConfigError where the client of one is not installed. */
export function openBrokers({ events, placeOf }: Pick<Config, 'events' | 'placeOf'>, log: Log): EventTarget[] {
  return events.targets.flatMap(({ arn, ...settings }, at) => {
    const kind = brokerIn(settings);
    if (kind === undefined) return [];
    const missing = packagesOf[kind].find((name) => !isInstalled(name));
    if (missing === undefined) return openOnThread({ arn, settings: { [kind]: settings[kind] } }, log);
    throw new ConfigError(
      `${placeOf(['events', 'targets', at])}: events.targets.${at}: the target ${arn} needs the package ${missing}, ` +
        `which is not installed: npm install ${missing}`,
    );
  });
}

function brokerIn(settings: BrokerSettings): keyof BrokerSettings | undefined {
  const kinds = Object.keys(packagesOf) as readonly (keyof BrokerSettings)[];
  return kinds.find((kind) => settings[kind] !== undefined);
}

function openOnThread(workerData: BrokerOfArn, log: Log): EventTarget {
  const { arn } = workerData;
  return threadTarget({
    arn,
    batchMax,
    start: () => startThread({ module: 'broker-thread', beside: import.meta.url }, { workerData, name: 'broker' }),
    onCrash: (err) => log.error({ arn, err }, 'What speaks to a target of events failed, and is begun anew'),
  });
}

/** Whether Node finds a package from here. */
export function isInstalled(name: string): boolean {
  try {
    return findPackageJSON(name, import.meta.url) !== undefined;
  } catch {
    return false;
  }
}
