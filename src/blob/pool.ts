/**
 * A pool is what segments are made in: a scheme on the disks of one group. Every disk belongs to one group for life, and all
 * shards of a segment lie on disks of one group, so nothing but the disks has to tell which pool a segment is in.
 */
import { DEFAULT_SCHEME, type SchemeName } from './scheme.ts';

/** The group of disks of which no group is said. */
export const DEFAULT_GROUP = 'default';

export interface PoolName {
  readonly scheme: SchemeName;
  readonly group: string;
}

/** The pool of what is written without a word about it. */
export const DEFAULT_POOL: PoolName = { scheme: DEFAULT_SCHEME, group: DEFAULT_GROUP };

/** The disks of the store, or their groups, are not what the configuration needs; the message says what to do. */
export class PoolError extends Error {
  override readonly name = 'PoolError';
}

export function isSamePool(a: PoolName, b: PoolName): boolean {
  return a.scheme === b.scheme && a.group === b.group;
}

/** Names a group in a file, where it has to be named. */
export function groupMention(group: string): { readonly group?: string } {
  return group === DEFAULT_GROUP ? {} : { group };
}

/** The group that a file names; undefined if that cannot be one. */
export function groupMentioned(value: unknown): string | undefined {
  if (value === undefined) return DEFAULT_GROUP;
  return typeof value === 'string' && GROUP_NAME.test(value) ? value : undefined;
}

export const GROUP_NAME = /^[a-z0-9-]{1,32}$/;
