/** The text of `ninefold-disks.json`, as it is read: see docs/FORMAT.md. */
import { groupMentioned } from './pool.ts';

export interface RegisteredDisk {
  /** Empty as long as its identity was never seen. */
  readonly id: string;
  readonly zone: string;
  readonly group: string;
  readonly path: string;
  readonly state: 'active' | 'draining' | 'replaced' | 'removed';
  /** The id of the disk whose place it has taken, and whose rank in placement: so only what that one held moves. */
  readonly rankedAs?: string;
}

export interface Registry {
  readonly version: number;
  readonly disks: readonly RegisteredDisk[];
  /** As it was read. */
  readonly text: string;
}

/** Undefined if it is not a registry of a known format. */
export function parseRegistry(text: string): Registry | undefined {
  const { format, version, disks }: Record<string, unknown> = { ...parseObject(text) };
  if (format !== 1 || typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) return undefined;
  if (!Array.isArray(disks)) return undefined;
  const parsed = disks.map(asDisk);
  const known = parsed.filter((disk) => disk !== undefined);
  return known.length === parsed.length ? { version, disks: known, text } : undefined;
}

function parseObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return {};
  }
}

function asDisk(value: unknown): RegisteredDisk | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, zone, path, state, rankedAs, ...rest }: Record<string, unknown> = { ...value };
  const group = groupMentioned(rest['group']);
  if (typeof id !== 'string' || !/^([0-9a-f]{32})?$/.test(id)) return undefined;
  if (typeof zone !== 'string' || typeof path !== 'string' || group === undefined) return undefined;
  if (state !== 'active' && state !== 'draining' && state !== 'replaced' && state !== 'removed') return undefined;
  if (rankedAs !== undefined && typeof rankedAs !== 'string') return undefined;
  return { id, zone, group, path, state, ...(rankedAs === undefined ? {} : { rankedAs }) };
}
