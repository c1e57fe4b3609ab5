/**
 * Configuration: built-in defaults, then the YAML file, then the environment, then flags; validated once and frozen.
 * Nothing else reads the environment.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Document, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { DiskOptions } from './blob/options.ts';
import { configSchema } from './config-schema.ts';

export interface ZoneConfig {
  readonly name: string;
  /** Folder of the zone's commit log and index. */
  readonly path: string;
  /** Its disks, with their groups where these are said. */
  readonly disks: readonly (string | DiskOptions)[];
}

/** The way to a setting, by names and places in lists. */
export type Setting = readonly PropertyKey[];

export interface BucketConfig {
  readonly name: string;
  readonly public: boolean;
  readonly versioned: boolean;
}

type FileConfig = z.infer<typeof configSchema>;

export interface Config extends Readonly<Omit<FileConfig, 'zones' | 'buckets' | 'rootKey'>> {
  readonly zones: readonly ZoneConfig[];
  readonly buckets: readonly BucketConfig[];
  /** Where a setting stands, for faults that are found only in use: `Configuration file FILE, line 3`. */
  readonly placeOf: (setting: Setting) => string;
  /** Absent: made once and kept in the data folder. */
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** Values of the environment variables that keys of KMS name, where they are set. */
  readonly keyMaterial: Readonly<Record<string, string>>;
}

/** Flags of the command line that set configuration. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
}

/** The configuration cannot be used; the message names the place and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Threads of libuv's pool: nine shard files and three logs are synced in one wave, so four threads would serialise it.
 * The pool reads this when it starts, which is after the modules have loaded.
 */
export function sizeThreadPool(threads: number): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(threads);
}

/** Reads and validates the configuration. Throws ConfigError. */
export function loadConfig(flags: ConfigFlags, environment: NodeJS.ProcessEnv = process.env): Config {
  const path = flags.config ?? environment['NINEFOLD_CONFIG'];
  const { file, placeOf } = path === undefined ? noConfigFile : readConfigFile(path);
  const merged = configSchema.safeParse({ ...file, ...fromEnvironment(environment, file), ...fromFlags(flags) });
  if (!merged.success) throw new ConfigError(`Configuration: ${describe(merged.error)}`);
  return finish(merged.data, { placeOf, environment });
}

interface ReadFile {
  readonly file: FileConfig;
  readonly placeOf: (setting: Setting) => string;
}

const noConfigFile: ReadFile = { file: configSchema.parse({}), placeOf: () => 'Configuration' };

function readConfigFile(path: string): ReadFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`Configuration file ${path} cannot be read: ${String(error)}`, { cause: error });
  }
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem) throw new ConfigError(`Configuration file ${path}: ${problem.message}`);
  const parsed = configSchema.safeParse(document.toJS() ?? {});
  const placeOf = (setting: Setting): string => {
    const line = lineOf(document, text, setting);
    return `Configuration file ${path}${line === undefined ? '' : `, line ${line}`}`;
  };
  if (parsed.success) return { file: parsed.data, placeOf };
  throw new ConfigError(`${placeOf(parsed.error.issues[0]?.path ?? [])}: ${describe(parsed.error)}`);
}

function lineOf(document: Document, text: string, setting: Setting): number | undefined {
  const node = document.getIn(setting, true);
  const offset = typeof node === 'object' && node !== null && 'range' in node ? rangeStart(node.range) : undefined;
  return offset === undefined ? undefined : text.slice(0, offset).split('\n').length;
}

function rangeStart(range: unknown): number | undefined {
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined;
}

function describe(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`).join('; ');
}

function fromEnvironment(environment: NodeJS.ProcessEnv, file: FileConfig): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  const text = (name: string) => environment[`NINEFOLD_${name}`] || undefined;
  if (text('DATA')) set['data'] = text('DATA');
  if (text('HOST')) set['host'] = text('HOST');
  if (text('PORT')) set['port'] = numberOrText(text('PORT'));
  if (text('REGION')) set['region'] = text('REGION');
  if (text('LOG_LEVEL')) set['logLevel'] = text('LOG_LEVEL');
  if (text('DOMAINS'))
    set['domains'] = text('DOMAINS')
      ?.split(',')
      .map((domain) => domain.trim());
  if (text('BUCKETS')) set['buckets'] = [...file.buckets, ...parseBuckets(text('BUCKETS') ?? '')];
  if (text('ACCESS_KEY_ID') || text('SECRET_ACCESS_KEY')) {
    set['rootKey'] = { accessKeyId: text('ACCESS_KEY_ID') ?? '', secretAccessKey: text('SECRET_ACCESS_KEY') ?? '' };
  }
  return set;
}

/** `letters,site:public,photos:versioned`, options joined by further colons. */
function parseBuckets(list: string): Record<string, unknown>[] {
  return list
    .split(',')
    .filter((entry) => entry.trim() !== '')
    .map((entry) => {
      const [name, ...options] = entry.trim().split(':');
      for (const option of options) {
        if (option !== 'public' && option !== 'versioned') {
          throw new ConfigError(`NINEFOLD_BUCKETS: "${option}" is no option of a bucket; known are public, versioned`);
        }
      }
      return { name, public: options.includes('public'), versioned: options.includes('versioned') };
    });
}

function fromFlags(flags: ConfigFlags): Record<string, unknown> {
  return {
    ...(flags.data === undefined ? {} : { data: flags.data }),
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(flags.port === undefined ? {} : { port: numberOrText(flags.port) }),
  };
}

function numberOrText(value: string | undefined): unknown {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : value;
}

function finish(
  parsed: FileConfig,
  { placeOf, environment }: Pick<ReadFile, 'placeOf'> & { environment: NodeJS.ProcessEnv },
): Config {
  const data = resolve(parsed.data);
  const zones = parsed.zones ?? defaultZones(data);
  const keyMaterial = Object.fromEntries(
    parsed.encryption.kms.keys.flatMap(({ environment: name = '' }) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return deepFreeze({ ...parsed, data, zones, rootKey: parsed.rootKey, keyMaterial, placeOf });
}

function defaultZones(data: string): ZoneConfig[] {
  return ['zone-a', 'zone-b', 'zone-c'].map((name) => {
    const path = join(data, name);
    return { name, path, disks: ['disk-1', 'disk-2', 'disk-3'].map((disk) => join(path, disk)) };
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
