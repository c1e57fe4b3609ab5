/**
 * Where writers get segments to append to, of each pool. Packed stripes share one open segment; each bulk write has one
 * of its own. A segment is retired when it is full, when one of its shards is lost, and when a disk of its group
 * begins or ceases to take writes, so that what is written next lies on the disks that take it.
 *
 * Disks that are full take part only where there would be too few without them, and then nobody gets in but who may use
 * their reserve.
 */
import assert from 'node:assert';
import { randomHex } from '../lib/ids.ts';
import type { Disk } from './disk.ts';
import type { DiskListener, Disks } from './disks.ts';
import { OpenSegment } from './open-segment.ts';
import { placeableShards, placeShards } from './placement.ts';
import type { PoolName } from './pool.ts';
import { shardBytesMaxOn, withRoom } from './reserve.ts';
import type { SchemeName } from './scheme.ts';
import { type Pool, Pools } from './segment-pools.ts';
import { Segment, type SegmentTable } from './segments.ts';
import { BlobError } from './types.ts';

/** Open bulk segments of a pool that are kept for the next write; each has an open file for every shard. */
const IDLE_BULK_SEGMENTS_MAX = 8;

export interface SegmentSourceOptions {
  readonly disks: Disks;
  readonly table: SegmentTable;
  /** Shards that must be synced before a write counts. */
  readonly writeQuorums: Readonly<Record<SchemeName, number>>;
  readonly segmentSizeMaxBytes: number;
}

interface ShardCounts {
  readonly good: number;
  readonly quorum: number;
}

export class SegmentSource implements DiskListener {
  readonly #options: SegmentSourceOptions;
  readonly #open = new Set<OpenSegment>();
  readonly #pools: Pools;

  constructor(options: SegmentSourceOptions) {
    this.#options = options;
    this.#pools = new Pools(options.disks, options.writeQuorums);
    options.disks.listen(this);
  }

  pool(name: PoolName): Pool {
    return this.#pools.of(name);
  }

  /** Throws WriteQuorumLost or StorageFull if too few disks take writes now. */
  requireQuorum({ quorum, plain, withReserve }: Pool, usesReserve = false): void {
    const { shards: good } = plain;
    const { shards: goodWithReserve } = withReserve;
    if ((usesReserve ? goodWithReserve : good) >= quorum) return;
    throw goodWithReserve >= quorum ? storageFull({ good, quorum }) : quorumLost({ good: goodWithReserve, quorum });
  }

  /** Whether so many bytes a shard can be written by what gives space back, and deletes still find some. */
  hasRoomToMove({ scheme, quorum, takers }: Pool, shardBytes: number): boolean {
    return placeableShards(withRoom(takers, shardBytes), scheme) >= quorum;
  }

  /** Throws WriteQuorumLost or StorageFull if too few shards of a segment took everything. */
  requireGood(open: OpenSegment): void {
    const { quorum } = this.#poolOf(open);
    const shards = { good: open.goodShards, quorum };
    if (shards.good < quorum) throw open.ranOutOfSpace ? storageFull(shards) : quorumLost(shards);
  }

  /** The segment for a packed stripe of so many bytes a shard. Synchronous, whatever the disks do. */
  packed(pool: Pool, shardBytes: number): OpenSegment {
    const current = pool.packed;
    if (current?.hasRoom(shardBytes)) return current;
    if (current) this.#retire(current);
    const next = this.#create(pool, false);
    pool.packed = next;
    return next;
  }

  /** A segment for one bulk write alone, from now until `returnBulk`. Its files stay open meanwhile. */
  takeBulk(pool: Pool, shardBytes: number, usesReserve = false): OpenSegment {
    this.requireQuorum(pool, usesReserve);
    return this.takePaged(pool, shardBytes);
  }

  /** As `takeBulk`, whatever the disks do. */
  takePaged(pool: Pool, shardBytes: number): OpenSegment {
    const idle = pool.idleBulk;
    let open = idle.pop();
    while (open && !open.hasRoom(shardBytes)) {
      this.#retire(open);
      open = idle.pop();
    }
    open ??= this.#create(pool, true);
    open.skipToPage();
    open.enter();
    return open;
  }

  /** Whether a segment takes another stripe. One that does not is at its end and is retired. */
  accepts(open: OpenSegment, shardBytes: number): boolean {
    if (open.hasRoom(shardBytes)) return true;
    this.#retire(open);
    return false;
  }

  returnBulk(open: OpenSegment): void {
    const idle = this.#poolOf(open).idleBulk;
    if (open.retired || open.damaged || idle.length >= IDLE_BULK_SEGMENTS_MAX) this.#retire(open);
    else idle.push(open);
    open.leave();
    this.#forgetSealed();
  }

  /** Ends the use of a segment that lost a shard: packed stripes go to a fresh one. */
  retireIfDamaged(open: OpenSegment): void {
    if (open.damaged) this.#retire(open);
    this.#forgetSealed();
  }

  diskChanged(disk: Disk): void {
    if (disk.health !== 'healthy') for (const open of this.#open) open.loseDisk(disk);
    if (this.#pools.noteChange(disk)) this.#retireAll((open) => open.segment.group === disk.group);
  }

  /** Seals what has data, as soon as nobody writes to it any more. */
  retireOpen(): void {
    this.#retireAll((open) => open.tail > 0);
  }

  /** Retires all segments: what is written next goes to fresh ones. */
  close(): void {
    this.#retireAll(() => true);
  }

  #poolOf({ segment }: OpenSegment): Pool {
    return this.#pools.of({ scheme: segment.scheme.name, group: segment.group });
  }

  #create(pool: Pool, inPages: boolean): OpenSegment {
    const { scheme, group, takers } = pool;
    const named = { id: randomHex(16), scheme, group };
    const takesWrites = (disk: Disk): boolean => takers.has(disk);
    const placed = placeShards(named.id, this.#options.disks.stayingIn(group), scheme, takesWrites);
    assert(placed, 'who asks for a segment has asked whether its group has the disks');
    const segment = new Segment(named, placed, false);
    this.#options.table.add(segment);
    const shardBytesMax = Math.min(this.#options.segmentSizeMaxBytes, shardBytesMaxOn(placed.filter(takesWrites)));
    const open = new OpenSegment(segment, this.#options.disks, { takesWrites, shardBytesMax, inPages });
    this.#open.add(open);
    return open;
  }

  #retireAll(isMeant: (open: OpenSegment) => boolean): void {
    for (const open of this.#open) if (isMeant(open)) this.#retire(open);
    for (const { idleBulk } of this.#pools.all()) {
      idleBulk.splice(0, idleBulk.length, ...idleBulk.filter((open) => !open.retired));
    }
    this.#forgetSealed();
  }

  #retire(open: OpenSegment): void {
    const pool = this.#poolOf(open);
    if (pool.packed === open) pool.packed = undefined;
    open.retire();
  }

  #forgetSealed(): void {
    for (const open of this.#open) if (open.segment.sealed) this.#open.delete(open);
  }
}

function quorumLost({ good, quorum }: ShardCounts): BlobError {
  return new BlobError('WriteQuorumLost', `${good} shards can be written, ${quorum} are needed`);
}

function storageFull({ good, quorum }: ShardCounts): BlobError {
  return new BlobError('StorageFull', `${good} shards find space, ${quorum} are needed`);
}
