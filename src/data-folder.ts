/**
 * What the data folder keeps beside the zones: the cluster's identity, in the folder and in every zone, so that zones of
 * two servers are never mixed; the root account's key where none is configured; and the key that secrets are sealed with.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Config } from './config.ts';
import { randomHex } from './lib/ids.ts';
import type { Log } from './lib/log.ts';

const identitySchema = z.strictObject({ formatVersion: z.literal(1), clusterId: z.string().regex(/^[0-9a-f]{32}$/) });
const serverKeySchema = z.strictObject({ formatVersion: z.literal(1), key: z.string().regex(/^[0-9a-f]{64}$/) });
const rootKeySchema = z.strictObject({ accessKeyId: z.string(), secretAccessKey: z.string() });

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The data folder cannot be used as it is; the message says what was found. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
}

/** What a zone's identity file says. */
type ZoneIdentity = { readonly clusterId: string } | { readonly damage: DataFolderError } | 'absent';

/**
 * Returns the cluster id that all zones carry. Makes the zones' folders at the first start only: later, a folder that is
 * not there is a zone that was lost, and an empty one in its place would keep it from coming back. A zone whose identity
 * cannot be read gets it anew, as long as another one has it. Throws DataFolderError.
 */
export function openCluster({ zones }: Pick<Config, 'zones'>, log?: Pick<Log, 'warn'>): string {
  const found = zones.map(({ name, path }) => {
    const file = join(path, 'ninefold-zone.json');
    return { zone: name, file, identity: readZone(file) };
  });
  const known = [...new Set(found.flatMap(({ identity }) => clusterOf(identity) ?? []))];
  if (known.length > 1) {
    const list = found.map(({ zone, identity }) => `${zone}: ${clusterOf(identity) ?? 'none'}`).join(', ');
    throw new DataFolderError(`The zones belong to different servers (cluster ids ${list})`);
  }
  for (const { zone, file, identity } of found) {
    if (identity === 'absent' || !('damage' in identity)) continue;
    const [clusterId] = known;
    if (clusterId === undefined) throw identity.damage;
    log?.warn({ zone, err: identity.damage }, 'The identity of a zone is damaged and is written anew');
    writeUnlessFailing(file, { formatVersion: 1, clusterId }, log);
  }
  const clusterId = known[0] ?? randomHex(16);
  // The index makes its log only when every zone has its identity.
  if (zones.some(({ path }) => existsSync(join(path, 'log')))) return clusterId;
  for (const { file, identity } of found) {
    if (identity === 'absent') writeJson(file, { formatVersion: 1, clusterId });
  }
  return clusterId;
}

function readZone(file: string): ZoneIdentity {
  if (!existsSync(file)) return 'absent';
  try {
    return { clusterId: readJson(file, identitySchema).clusterId };
  } catch (error) {
    if (error instanceof DataFolderError) return { damage: error };
    throw error;
  }
}

function clusterOf(identity: ZoneIdentity): string | undefined {
  return identity !== 'absent' && 'clusterId' in identity ? identity.clusterId : undefined;
}

/** The zone's disk may be at fault; the log decides whether the others are enough. */
function writeUnlessFailing(file: string, value: unknown, log: Pick<Log, 'warn'> | undefined): void {
  try {
    writeJson(file, value);
  } catch (error) {
    log?.warn({ file, err: error }, 'The identity of a zone cannot be written');
  }
}

/** Whether a zone has anything of an index or a commit log, be it whole or not. */
export function hasIndex(zonePath: string): boolean {
  return ['log', 'index'].some((name) => {
    const folder = join(zonePath, name);
    return existsSync(folder) && readdirSync(folder).length > 0;
  });
}

/**
 * An empty index beside disks with data is no new server but one that lost its index. Starting would begin another history,
 * in which all data is garbage. Throws DataFolderError.
 */
export function refuseLostIndex(config: Config, segments: number): void {
  if (segments === 0 || config.zones.some(({ path }) => hasIndex(path))) return;
  throw new DataFolderError(
    `The index and its log are gone from every zone, but the disks hold ${segments} segments of data. Put the folders ` +
      'index/ and log/ of a majority of the zones back, or make them anew from what the disks hold: ninefold rebuild-index',
  );
}

/** The configured key, or the one kept in the data folder, made at the first start. */
export function openRootKey(config: Config): RootKey {
  if (config.rootKey) return config.rootKey;
  const file = rootKeyFile(config);
  if (!existsSync(file)) {
    const rootKey = { accessKeyId: `NF${randomHex(9).toUpperCase()}`, secretAccessKey: randomHex(20) };
    writeJson(file, rootKey);
    return rootKey;
  }
  chmodSync(file, 0o600);
  return readJson(file, rootKeySchema);
}

/** The key of a server with this configuration, as `openRootKey` of the server's own process has left it. */
export function readRootKey(config: Config): RootKey | undefined {
  if (config.rootKey) return config.rootKey;
  const file = rootKeyFile(config);
  return existsSync(file) ? readJson(file, rootKeySchema) : undefined;
}

/** Where the key is kept if none is configured. */
export function rootKeyFile({ data }: Pick<Config, 'data'>): string {
  return join(data, 'root-key.json');
}

/** The key that secrets are sealed with before they are stored, 32 bytes, made at the first start. */
export function openServerKey({ data }: Pick<Config, 'data'>): Buffer {
  const file = join(data, 'server-key.json');
  if (!existsSync(file)) writeJson(file, { formatVersion: 1, key: randomHex(32) });
  chmodSync(file, 0o600);
  return Buffer.from(readJson(file, serverKeySchema).key, 'hex');
}

function readJson<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new DataFolderError(`${file} is not what Ninefold wrote there: ${String(cause)}`, { cause });
  }
}

function writeJson(file: string, value: unknown): void {
  writePrivately({ file, text: `${JSON.stringify(value, null, 2)}\n` });
}

/** Writes a file whole or not at all, durably, readable by its owner alone. */
export function writePrivately({ file, text }: { file: string; text: string }): void {
  const folder = dirname(file);
  const isNew = mkdirSync(folder, { recursive: true }) !== undefined;
  const temporary = `${file}.new`;
  writeFileSync(temporary, text, { mode: 0o600, flush: true });
  renameSync(temporary, file);
  // Disks are made in the name of a cluster: a power cut must not leave them and take what says whose they are.
  syncFolder(folder);
  if (isNew) syncFolder(dirname(folder));
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
