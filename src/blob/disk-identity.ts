/**
 * The identity file of a disk folder, `ninefold-disk.json`. It says that the folder is a disk, whose, and which one, so
 * that an unmounted or exchanged disk is never mistaken for the one that was there.
 */
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder, writeDurably } from '../lib/durable-files.ts';
import { randomHex } from '../lib/ids.ts';
import { DEFAULT_GROUP, groupMention, groupMentioned } from './pool.ts';

const IDENTITY_FILE = 'ninefold-disk.json';
const SEGMENTS_FOLDER = 'segments';

export interface DiskIdentity {
  readonly format: 1;
  /** 32 hex digits, as is the disk's id. */
  readonly clusterId: string;
  readonly diskId: string;
  readonly zone: string;
  readonly group: string;
}

export function segmentsFolder(diskPath: string): string {
  return join(diskPath, SEGMENTS_FOLDER);
}

export interface IdentityLook {
  /** Changes when the identity file is replaced. */
  readonly stamp: string;
  /** The same for disks of one file system. */
  readonly device: string;
}

/** How the identity file looks from outside; undefined if it cannot be seen. */
export async function lookAtIdentity(diskPath: string): Promise<IdentityLook | undefined> {
  try {
    const { dev, ino, mtimeMs } = await stat(join(diskPath, IDENTITY_FILE));
    return { stamp: `${dev}:${ino}:${mtimeMs}`, device: String(dev) };
  } catch {
    // Gone, unmounted or failing: whatever the reason, the disk cannot be used now.
    return undefined;
  }
}

export type IdentityResult =
  | { readonly kind: 'ok'; readonly identity: DiskIdentity }
  | { readonly kind: 'absent' }
  | { readonly kind: 'bad'; readonly reason: string };

export async function readIdentity(diskPath: string): Promise<IdentityResult> {
  let text: string;
  try {
    text = await readFile(join(diskPath, IDENTITY_FILE), 'utf8');
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { kind: 'absent' } : { kind: 'bad', reason: String(error) };
  }
  try {
    const identity = asIdentity(JSON.parse(text));
    if (identity) return { kind: 'ok', identity };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { kind: 'bad', reason: `${IDENTITY_FILE} is not an identity file of a known format` };
}

function asIdentity(value: unknown): DiskIdentity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, clusterId, diskId, zone, ...rest }: Record<string, unknown> = { ...value };
  const group = groupMentioned(rest['group']);
  if (format !== 1 || !isId(clusterId) || !isId(diskId) || typeof zone !== 'string') return undefined;
  return group === undefined ? undefined : { format, clusterId, diskId, zone, group };
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

/** Whether a name is one that `createDisk` makes before the folder is a disk. */
export function isOfMaking(name: string): boolean {
  return name === SEGMENTS_FOLDER || name === `${IDENTITY_FILE}.draft`;
}

/** Makes a folder a disk: creates it and what leads to it, and its identity, durably. */
export async function createDisk(
  diskPath: string,
  { group = DEFAULT_GROUP, ...owner }: Pick<DiskIdentity, 'clusterId' | 'zone'> & { readonly group?: string },
): Promise<DiskIdentity> {
  const identity = { format: 1, diskId: randomHex(16), ...owner } as const;
  await mkdir(segmentsFolder(diskPath), { recursive: true });
  const text = JSON.stringify({ ...identity, ...groupMention(group) }, null, 2);
  await writeDurably(join(diskPath, IDENTITY_FILE), [`${text}\n`]);
  await syncFolder(dirname(diskPath));
  await syncFolder(dirname(dirname(diskPath)));
  return { ...identity, group };
}

/** The system's code of an error (`ENOENT`, …); empty if it has none. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
