/** One disk of the store and what is known of it. `disks.ts` alone changes it. */
import type { DiskSpace } from './disk-space.ts';
import type { DiskState, DiskStateName } from './types.ts';

export class Disk {
  readonly path: string;
  readonly zone: string;
  /** Empty as long as the disk's identity was never read. */
  id = '';
  state: DiskStateName = 'missing';
  reason: string | undefined = 'no identity file';
  sinceMs: number;
  /** Whether its shard files may be read. */
  readable = false;
  /** What the identity file looked like when it was last read. */
  stamp: string | undefined;
  /** Of its file system, at the last look. */
  space: DiskSpace | undefined;
  device = '';
  isFull = false;

  constructor(place: { readonly path: string; readonly zone: string }, nowMs: number) {
    this.path = place.path;
    this.zone = place.zone;
    this.sinceMs = nowMs;
  }

  /** What its rank in placement follows from. */
  get rankedAs(): string {
    return this.id || this.path;
  }

  describe(): DiskState {
    const { id, zone, path, state, reason, sinceMs, isFull, space, device } = this;
    return {
      id,
      zone,
      path,
      state,
      ...(reason === undefined ? {} : { reason }),
      sinceMs,
      isFull,
      sizeBytes: space?.sizeBytes ?? 0,
      freeBytes: space?.freeBytes ?? 0,
      device,
    };
  }
}
