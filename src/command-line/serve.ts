/** `ninefold serve`: runs the server until a signal ends it. */
import type { Config } from '../config.ts';
import { createLog } from '../lib/log.ts';
import { giveMemoryBackAtRest } from '../lib/rest.ts';
import { certificateFile } from '../tls-files.ts';
import { version } from '../version.ts';
import type { Command } from './command.ts';
import { CommandError } from './command-error.ts';

export const serve: Command = {
  name: 'serve',
  summary: 'run the server (the default)',
  options: [
    {
      name: 'trust-zone',
      value: 'NAME',
      summary: "take this zone's commit log for the truth and set the others' aside, where a start asks for it",
    },
    {
      name: 'last-record',
      value: 'keep|drop',
      summary: 'whether the last change counts, where a start asks for it',
    },
  ],
  async run({ loadConfig, print, value }) {
    const config = loadConfig();
    const choices = { ...trustedZone(config, value('trust-zone')), ...lastRecord(value('last-record')) };
    const { startDaemon } = await import('../daemon.ts');
    const log = createLog(config.logLevel);
    // It ends the process, as whatever was half done is left so: the log says of what, before that.
    process.on('uncaughtExceptionMonitor', (err, origin) => log.fatal({ err, origin }, 'An error that nothing holds'));
    const daemon = await startDaemon(config, { choices, log });
    const startedMs = Math.round(performance.now());
    // Whoever reads that it is ready may end it at once.
    const ended = nextOf(['SIGTERM', 'SIGINT']);
    print(banner(config, daemon, startedMs));
    giveMemoryBackAtRest();
    // Without files to read again, a hang-up ends the process, as a terminal that closes expects.
    if (config.tls?.certificate !== undefined) process.on('SIGHUP', () => daemon.reloadTls());
    await daemon.stop(await ended);
    return 0;
  },
};

/** The first of some signals that comes. */
function nextOf(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, () => resolve(signal));
  });
}

function trustedZone(config: Config, name: string | undefined): { trustZone?: string } {
  if (name === undefined) return {};
  const names = config.zones.map((zone) => zone.name);
  if (!names.includes(name)) throw new CommandError(`There is no zone ${name}: the zones are ${names.join(', ')}`);
  return { trustZone: name };
}

function lastRecord(choice: string | undefined): { lastRecord?: 'keep' | 'drop' } {
  if (choice === undefined) return {};
  if (choice !== 'keep' && choice !== 'drop') throw new CommandError('--last-record is followed by keep or drop');
  return { lastRecord: choice };
}

function banner(
  config: Config,
  daemon: { endpoint: string; rootKey: { accessKeyId: string; secretAccessKey: string } },
  startedMs: number,
): string {
  const disks = config.zones.reduce((sum, zone) => sum + zone.disks.length, 0);
  const { accessKeyId, secretAccessKey } = daemon.rootKey;
  return `Ninefold ${version()} is ready after ${startedMs} ms
S3 endpoint  ${daemon.endpoint}
Data         ${config.data} (${config.zones.length} zones, ${disks} disks)

Paste into a shell to use it with any AWS client:
export AWS_ENDPOINT_URL=${daemon.endpoint}${config.tls?.selfSigned ? `\nexport AWS_CA_BUNDLE=${certificateFile(config)}` : ''}
export AWS_REGION=${config.region} AWS_DEFAULT_REGION=${config.region}
export AWS_ACCESS_KEY_ID=${accessKeyId}
${config.rootKey ? '# and AWS_SECRET_ACCESS_KEY: the secret you configured' : `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`}`;
}
