#!/usr/bin/env node
/** The command line. `serve` is the default; every subcommand is a function here that returns the exit code. */
import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { parseArgs } from 'node:util';
import { type Config, loadConfig, sizeThreadPool } from './config.ts';

const usage = `Usage: ninefold [serve | healthcheck | inspect FILE] [--config FILE] [--data DIR] [--host H] [--port N]

  serve        run the server (the default)
  healthcheck  ask a running server whether it is ready; exit 0 if it is
  inspect      say what a shard file holds, one line of JSON a stripe; exit 1 if a part of it is damaged
  --version    print the version`;

/** Errors whose message says what to do; by name, as the modules they come from are loaded only to serve. */
const explainedErrors = new Set([
  'ConfigError',
  'DataFolderError',
  'ZoneInUse',
  'LogQuorumLost',
  'LogDamaged',
  'ForeignLog',
  'ForeignIndex',
]);

/** Nine shard files and three logs in one wave, and room for reads beside them. */
const poolThreads = 16;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      data: { type: 'string' },
      host: { type: 'string' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return print(usage);
  if (values.version) return print(version());
  const [command = 'serve', file, ...rest] = positionals;
  if (command === 'inspect' && file !== undefined && rest.length === 0) return inspect(file);
  if (file !== undefined || (command !== 'serve' && command !== 'healthcheck')) {
    process.stderr.write(`Unknown command: ${positionals.join(' ')}\n${usage}\n`);
    return 2;
  }
  const config = loadConfig(values);
  return command === 'serve' ? await serve(config) : await healthcheck(config);
}

async function serve(config: Config): Promise<number> {
  const { startDaemon } = await import('./daemon.ts');
  const daemon = await startDaemon(config);
  const startedMs = Math.round(performance.now());
  print(banner(config, daemon, startedMs));
  const signal = await new Promise<string>((resolve) => {
    process.once('SIGTERM', () => resolve('SIGTERM'));
    process.once('SIGINT', () => resolve('SIGINT'));
  });
  await daemon.stop(signal);
  return 0;
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
export AWS_ENDPOINT_URL=${daemon.endpoint}
export AWS_REGION=${config.region} AWS_DEFAULT_REGION=${config.region}
export AWS_ACCESS_KEY_ID=${accessKeyId}
${config.rootKey ? '# and AWS_SECRET_ACCESS_KEY: the secret you configured' : `export AWS_SECRET_ACCESS_KEY=${secretAccessKey}`}`;
}

async function healthcheck(config: Config): Promise<number> {
  const anyHost = config.host === '0.0.0.0' ? '127.0.0.1' : config.host === '::' ? '[::1]' : config.host;
  const url = `http://${anyHost}:${config.port}/-/ready`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(4000) });
    const text = await response.text();
    print(text);
    return response.ok ? 0 : 1;
  } catch (error) {
    process.stderr.write(`No answer from ${url}: ${String(error)}\n`);
    return 1;
  }
}

async function inspect(file: string): Promise<number> {
  const { inspectShardFile } = await import('./blob/inspect.ts');
  let isWhole = true;
  for await (const region of inspectShardFile(file)) {
    isWhole &&= region.kind === 'stripe' && region.directoryGood && region.badBlocks.length === 0;
    print(JSON.stringify(region));
  }
  return isWhole ? 0 : 1;
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(text)?.[1] ?? 'unknown';
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

// Whoever reads the output may have seen enough (`| head`); that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
sizeThreadPool(poolThreads);
enableCompileCache();
main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isExplained = error instanceof Error && explainedErrors.has(error.name);
    process.stderr.write(`${isExplained ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
