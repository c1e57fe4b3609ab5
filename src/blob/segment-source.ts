/**
 * Where writers get segments to append to, of each scheme. Packed stripes share one open segment; each bulk write has one
 * of its own from a pool. A segment is retired when it is full, when one of its shards is lost, and when a disk begins or
 * ceases to take writes, so that what is written next lies on the disks that take it.
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
import { shardBytesMaxOn, withRoom } from './reserve.ts';
import { SCHEMES, type Scheme, type SchemeName } from './scheme.ts';
import { Segment, type SegmentTable } from './segments.ts';
import { BlobError } from './types.ts';

/** Open bulk segments of a scheme that are kept for the next write; each has an open file for every shard. */
const IDLE_BULK_SEGMENTS_MAX = 8;

export interface SegmentSourceOptions {
  readonly disks: Disks;
  readonly table: SegmentTable;
  /** Shards that must be synced before a write counts. */
  readonly writeQuorums: Readonly<Record<SchemeName, number>>;
  readonly segmentSizeMaxBytes: number;
}

/** The disks that take new shards, those that are full left out or not, and how many shards of one segment they take. */
interface Takers {
  readonly plain: ReadonlySet<Disk>;
  readonly withReserve: ReadonlySet<Disk>;
  readonly shards: Readonly<Record<SchemeName, number>>;
  readonly shardsWithReserve: Readonly<Record<SchemeName, number>>;
}

interface ShardCounts {
  readonly good: number;
  readonly quorum: number;
}

export class SegmentSource implements DiskListener {
  readonly #options: SegmentSourceOptions;
  readonly #open = new Set<OpenSegment>();
  readonly #idleBulk: Readonly<Record<SchemeName, OpenSegment[]>> = { '6+3': [], '1+2': [] };
  readonly #packed: Record<SchemeName, OpenSegment | undefined> = { '6+3': undefined, '1+2': undefined };
  #takers: Takers;

  constructor(options: SegmentSourceOptions) {
    this.#options = options;
    this.#takers = this.#findTakers();
    options.disks.listen(this);
  }

  /** Throws WriteQuorumLost or StorageFull if too few disks take writes now. */
  requireQuorum(scheme: Scheme, usesReserve = false): void {
    const quorum = this.#options.writeQuorums[scheme.name];
    const { shards, shardsWithReserve } = this.#takers;
    const good = shards[scheme.name];
    const goodWithReserve = shardsWithReserve[scheme.name];
    if ((usesReserve ? goodWithReserve : good) >= quorum) return;
    throw goodWithReserve >= quorum ? storageFull({ good, quorum }) : quorumLost({ good: goodWithReserve, quorum });
  }

  /** Whether so many bytes a shard can be written by what gives space back, and deletes still find some. */
  hasRoomToMove(scheme: Scheme, shardBytes: number): boolean {
    const roomy = withRoom(this.#takersOf(scheme), shardBytes);
    return placeableShards(roomy, scheme) >= this.#options.writeQuorums[scheme.name];
  }

  /** Throws WriteQuorumLost or StorageFull if too few shards of a segment took everything. */
  requireGood(open: OpenSegment): void {
    const quorum = this.#options.writeQuorums[open.segment.scheme.name];
    const shards = { good: open.goodShards, quorum };
    if (shards.good < quorum) throw open.ranOutOfSpace ? storageFull(shards) : quorumLost(shards);
  }

  /** The segment for a packed stripe of so many bytes a shard. Synchronous, whatever the disks do. */
  packed(scheme: Scheme, shardBytes: number): OpenSegment {
    const current = this.#packed[scheme.name];
    if (current?.hasRoom(shardBytes)) return current;
    if (current) this.#retire(current);
    const next = this.#create(scheme, false);
    this.#packed[scheme.name] = next;
    return next;
  }

  /** A segment for one bulk write alone, from now until `returnBulk`. Its files stay open meanwhile. */
  takeBulk(scheme: Scheme, shardBytes: number, usesReserve = false): OpenSegment {
    this.requireQuorum(scheme, usesReserve);
    return this.takePaged(scheme, shardBytes);
  }

  /** As `takeBulk`, whatever the disks do. */
  takePaged(scheme: Scheme, shardBytes: number): OpenSegment {
    const idle = this.#idleBulk[scheme.name];
    let open = idle.pop();
    while (open && !open.hasRoom(shardBytes)) {
      this.#retire(open);
      open = idle.pop();
    }
    open ??= this.#create(scheme, true);
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
    const idle = this.#idleBulk[open.segment.scheme.name];
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
    const before = this.#takers;
    this.#takers = this.#findTakers();
    const isSame =
      before.plain.has(disk) === this.#takers.plain.has(disk) &&
      before.withReserve.has(disk) === this.#takers.withReserve.has(disk);
    if (!isSame) this.close();
  }

  /** Seals what has data, as soon as nobody writes to it any more. */
  retireOpen(): void {
    for (const open of this.#open) if (open.tail > 0) this.#retire(open);
    for (const idle of Object.values(this.#idleBulk))
      idle.splice(0, idle.length, ...idle.filter((open) => !open.retired));
    this.#forgetSealed();
  }

  /** Retires all segments: what is written next goes to fresh ones. */
  close(): void {
    for (const open of this.#open) this.#retire(open);
    this.#forgetIdle();
  }

  #create(scheme: Scheme, inPages: boolean): OpenSegment {
    const named = { id: randomHex(16), scheme };
    const takers = this.#takersOf(scheme);
    const takesWrites = (disk: Disk): boolean => takers.has(disk);
    const placed = placeShards(named.id, this.#options.disks.staying, scheme, takesWrites);
    assert(placed, 'the store was opened with disks that segments can be placed on');
    const segment = new Segment(named, placed, false);
    this.#options.table.add(segment);
    const shardBytesMax = Math.min(this.#options.segmentSizeMaxBytes, shardBytesMaxOn(placed.filter(takesWrites)));
    const open = new OpenSegment(segment, this.#options.disks, { takesWrites, shardBytesMax, inPages });
    this.#open.add(open);
    return open;
  }

  /** The disks that a segment of the scheme is made on now. */
  #takersOf({ name }: Scheme): ReadonlySet<Disk> {
    const { plain, withReserve, shards } = this.#takers;
    return shards[name] >= this.#options.writeQuorums[name] ? plain : withReserve;
  }

  #findTakers(): Takers {
    const { all } = this.#options.disks;
    const plain = new Set(all.filter((disk) => disk.takesWrites(false)));
    const withReserve = new Set(all.filter((disk) => disk.takesWrites(true)));
    return { plain, withReserve, shards: countPlaceable(plain), shardsWithReserve: countPlaceable(withReserve) };
  }

  #retire(open: OpenSegment): void {
    const { name } = open.segment.scheme;
    if (this.#packed[name] === open) this.#packed[name] = undefined;
    open.retire();
  }

  /** None of the idle is left that could be taken: all have been retired. */
  #forgetIdle(): void {
    for (const idle of Object.values(this.#idleBulk)) idle.length = 0;
    this.#forgetSealed();
  }

  #forgetSealed(): void {
    for (const open of this.#open) if (open.segment.sealed) this.#open.delete(open);
  }
}

function countPlaceable(disks: ReadonlySet<Disk>): Record<SchemeName, number> {
  return { '6+3': placeableShards(disks, SCHEMES['6+3']), '1+2': placeableShards(disks, SCHEMES['1+2']) };
}

function quorumLost({ good, quorum }: ShardCounts): BlobError {
  return new BlobError('WriteQuorumLost', `${good} shards can be written, ${quorum} are needed`);
}

function storageFull({ good, quorum }: ShardCounts): BlobError {
  return new BlobError('StorageFull', `${good} shards find space, ${quorum} are needed`);
}
