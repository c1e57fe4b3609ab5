/**
 * Where writers get segments to append to. Packed stripes share one open segment; each bulk write has one of its own from
 * a pool. A segment is retired when it is full, when one of its shards is lost, and when a disk comes or goes, so that
 * what is written next lies on the disks that are there next.
 */
import assert from 'node:assert';
import { randomHex } from '../lib/ids.ts';
import type { Disk } from './disk.ts';
import type { DiskListener, Disks } from './disks.ts';
import { OpenSegment } from './open-segment.ts';
import { placeShards } from './placement.ts';
import { Segment, type SegmentTable } from './segments.ts';
import { BlobError } from './types.ts';

/** Open bulk segments that are kept for the next write; each has nine open files. */
const IDLE_BULK_SEGMENTS_MAX = 8;

export interface SegmentSourceOptions {
  readonly disks: Disks;
  readonly table: SegmentTable;
  readonly writeQuorum: number;
  readonly segmentSizeMaxBytes: number;
}

export class SegmentSource implements DiskListener {
  readonly #options: SegmentSourceOptions;
  readonly #open = new Set<OpenSegment>();
  readonly #idleBulk: OpenSegment[] = [];
  #packed: OpenSegment | undefined;

  constructor(options: SegmentSourceOptions) {
    this.#options = options;
    options.disks.listen(this);
  }

  /** Throws WriteQuorumLost if too few disks take writes now. */
  requireQuorum(): void {
    const usable = this.#options.disks.usableCount();
    if (usable < this.#options.writeQuorum) throw quorumLost({ good: usable, quorum: this.#options.writeQuorum });
  }

  /** Throws WriteQuorumLost if too few shards of a segment took everything. */
  requireGood(open: OpenSegment): void {
    const { writeQuorum } = this.#options;
    if (open.goodShards < writeQuorum) throw quorumLost({ good: open.goodShards, quorum: writeQuorum });
  }

  /** The segment for a packed stripe of so many bytes a shard. Synchronous, whatever the disks do. */
  packed(shardBytes: number): OpenSegment {
    if (this.#packed && !this.#fits(this.#packed, shardBytes)) this.#retire(this.#packed);
    this.#packed ??= this.#create();
    return this.#packed;
  }

  /** A segment for one bulk write alone, from now until `returnBulk`. Its files stay open meanwhile. */
  takeBulk(shardBytes: number): OpenSegment {
    this.requireQuorum();
    let open = this.#idleBulk.pop();
    while (open && !this.#fits(open, shardBytes)) {
      this.#retire(open);
      open = this.#idleBulk.pop();
    }
    open ??= this.#create();
    open.enter();
    return open;
  }

  /** Whether a segment takes another stripe. One that does not is at its end and is retired. */
  accepts(open: OpenSegment, shardBytes: number): boolean {
    if (this.#fits(open, shardBytes)) return true;
    this.#retire(open);
    return false;
  }

  returnBulk(open: OpenSegment): void {
    if (open.retired || open.damaged || this.#idleBulk.length >= IDLE_BULK_SEGMENTS_MAX) {
      this.#retire(open);
    } else {
      this.#idleBulk.push(open);
    }
    open.leave();
    this.#forgetSealed();
  }

  /** Ends the use of a segment that lost a shard: packed stripes go to a fresh one. */
  retireIfDamaged(open: OpenSegment): void {
    if (open.damaged) this.#retire(open);
    this.#forgetSealed();
  }

  diskChanged(disk: Disk): void {
    for (const open of this.#open) {
      if (disk.state !== 'healthy') open.loseDisk(disk);
      this.#retire(open);
    }
    this.#idleBulk.length = 0;
    this.#forgetSealed();
  }

  close(): void {
    for (const open of this.#open) this.#retire(open);
    this.#idleBulk.length = 0;
    this.#forgetSealed();
  }

  #create(): OpenSegment {
    const id = randomHex(16);
    const placed = placeShards(id, this.#options.disks.all);
    assert(placed, 'the store was opened with disks that segments can be placed on');
    const segment = new Segment(id, placed, false);
    this.#options.table.add(segment);
    const open = new OpenSegment(segment, this.#options.disks);
    this.#open.add(open);
    return open;
  }

  #fits(open: OpenSegment, shardBytes: number): boolean {
    if (open.retired) return false;
    return open.tail === 0 || open.tail + shardBytes <= this.#options.segmentSizeMaxBytes;
  }

  #retire(open: OpenSegment): void {
    if (this.#packed === open) this.#packed = undefined;
    open.retire();
  }

  #forgetSealed(): void {
    for (const open of this.#open) if (open.segment.sealed) this.#open.delete(open);
  }
}

function quorumLost({ good, quorum }: { good: number; quorum: number }): BlobError {
  return new BlobError('WriteQuorumLost', `${good} shards can be written, ${quorum} are needed`);
}
