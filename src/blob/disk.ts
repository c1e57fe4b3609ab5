/** One disk of the store and what is known of it. `disks.ts` alone changes it. */
import { DiskGate } from './disk-gate.ts';
import type { DiskSpace } from './disk-space.ts';
import type { DiskState, DiskStateName } from './types.ts';

/** What was seen of a disk, whatever it is meant for. */
export type DiskHealth = 'healthy' | 'suspect' | 'failed' | 'missing';

/** What a disk is meant for: `draining` and `replaced` ones are read, and their shards are to move to others. */
export type DiskStanding = 'active' | 'draining' | 'replaced';

/** Where a disk is, and what it belongs to. */
export interface DiskPlace {
  readonly path: string;
  readonly zone: string;
  readonly group: string;
}

export class Disk {
  readonly path: string;
  readonly zone: string;
  readonly group: string;
  /** Every operation on its files goes through it. */
  readonly gate: DiskGate;
  /** To be told of every read of it that failed. */
  readFailed: (error: unknown) => void = () => {};
  /** Empty as long as the disk's identity was never read. */
  id = '';
  /** The rank of the disk whose place it took, if it did. */
  inheritedRank: string | undefined;
  standing: DiskStanding = 'active';
  health: DiskHealth = 'missing';
  reason: string | undefined = 'no identity file';
  sinceMs: number;
  /** Whether its shard files may be read. */
  readable = false;
  /** What the identity file looked like when it was last read. */
  stamp: string | undefined;
  /** From when on a failed disk is verified though it looks as before. */
  verifyAtMs = Number.POSITIVE_INFINITY;
  /** How often it failed with no long time of health between. */
  failures = 0;
  /** Of its file system, at the last look. */
  space: DiskSpace | undefined;
  device = '';
  /** What is kept free of it. */
  reserveBytes = 0;
  /** Bytes that writes have been promised on its file system, of which the last look does not know, and the part that is written. */
  promisedBytes = 0;
  writtenBytes = 0;
  isFull = false;
  /** The system has refused space, whatever it says of what is free; until a probe is written. */
  wasRefusedSpace = false;

  constructor(place: DiskPlace, nowMs: number, gate?: DiskGate) {
    this.path = place.path;
    this.zone = place.zone;
    this.group = place.group;
    this.sinceMs = nowMs;
    this.gate = gate ?? new DiskGate(60_000, () => {});
  }

  /** What its rank in placement follows from. */
  get rankedAs(): string {
    return this.inheritedRank ?? (this.id || this.path);
  }

  get state(): DiskStateName {
    if (this.standing === 'replaced') return 'replaced';
    return this.health === 'healthy' && this.standing === 'draining' ? 'draining' : this.health;
  }

  /** Whether new shards may be put on it. What frees space, or is small and needed for that, may use its reserve. */
  takesWrites(usesReserve: boolean): boolean {
    return this.health === 'healthy' && this.standing === 'active' && (usesReserve || !this.isFull);
  }

  describe(): DiskState {
    const { id, zone, group, path, state, reason, sinceMs, isFull, space, reserveBytes, device } = this;
    return {
      id,
      zone,
      group,
      path,
      state,
      ...(reason === undefined ? {} : { reason }),
      sinceMs,
      isFull,
      sizeBytes: space?.sizeBytes ?? 0,
      freeBytes: space?.freeBytes ?? 0,
      reserveBytes,
      device,
    };
  }
}
