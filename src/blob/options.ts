/** What the store is told when it is opened. */
import type { Clock } from '../lib/clock.ts';
import type { PoolName } from './pool.ts';

/** Where the store reports what an operator should know; pino's logger fits. */
export interface BlobLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const silentLog: BlobLog = { info: () => {}, warn: () => {}, error: () => {} };

/** A disk folder, and the group that it belongs to; a path alone is one of the default group. */
export interface DiskOptions {
  readonly path: string;
  readonly group: string;
}

export interface ZoneOptions {
  readonly name: string;
  /** The zone's own folder, which must exist: a copy of the registry of disks is kept there. Without one it is not kept. */
  readonly path?: string;
  /** The disk folders, at the first start; later the registry says which disks there are. */
  readonly disks: readonly (string | DiskOptions)[];
}

export interface PoolUse extends PoolName {
  readonly use: string;
}

export interface BlobStoreOptions {
  readonly zones: readonly ZoneOptions[];
  /** 32 hex digits; a disk of another cluster is not used. */
  readonly clusterId: string;
  /**
   * The pools that objects are kept in, each with what puts them there, for who reads of it (`objects of GLACIER`): their groups
   * must have the disks. The default group must have those of every scheme whatever stands here.
   */
  readonly pools?: readonly PoolUse[];
  /** Shards of nine that must be synced before a 6+3 write counts. Default 7, the least that 6+3 allows. */
  readonly writeQuorum?: number;
  /** A shard file that has this length is sealed. Default 1 GiB. */
  readonly segmentSizeMaxBytes?: number;
  /** Stripes that can be assembled or under way at once, 2.5 MiB each. Default 24. */
  readonly stripeBufferCount?: number;
  /** How long an upload may fill one of them while others wait for one. Default a second. */
  readonly stripeFillMsMax?: number;
  /** Threads that encode. Default: one less than the cores, at least one, at most four. 0: encode on this thread. */
  readonly encoderThreadCount?: number;
  /** How often the disks are looked at while the store is used. Default 250 ms; 0 never: then only `checkDisks` and opening a segment do. */
  readonly diskCheckIntervalMs?: number;
  /** An operation on a disk that takes longer takes the disk out of use. Default 10 s. */
  readonly diskTimeoutMs?: number;
  /** A disk with less space than this left takes no new data. Default 256 MiB, but at most a twentieth of the disk. */
  readonly reserveBytes?: number | undefined;
  /** Memory for small blobs that were read of late. Default 0: none is kept. */
  readonly hotBlobBytesMax?: number;
  /** How much of what was written and read of late the system may be thought to have in memory. Default 0. */
  readonly pageCacheBytesMax?: number;
  readonly clock?: Clock;
  /** How long a disk may be away before its shards are rebuilt on others, where there are any. Default ten minutes. */
  readonly repairDelayMs?: number;
  readonly log?: BlobLog;
}
