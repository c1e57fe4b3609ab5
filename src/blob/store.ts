/**
 * The blob store: opens the disks, finds the segments, and joins the parts that write and read them (see each file's
 * head). All bookkeeping is on one thread and changes in synchronous steps.
 *
 * At the start every segment found is sealed; new ones get fresh random ids. A disk folder without identity is made a
 * disk only while no disk holds any segment, and if none was ever seen in its place; else it counts as missing.
 */
import assert from 'node:assert';
import { availableParallelism } from 'node:os';
import { systemClock } from '../lib/clock.ts';
import { BlobReading, ReadAheadBudget } from './blob-reader.ts';
import { type BulkContext, writeBulk } from './bulk-writer.ts';
import { type Coder, createCoderMemory, createScalarCoder, createSimdCoder } from './coding/coder.ts';
import { coderWorks } from './coding/self-test.ts';
import { countDirectoryUnits, lastPart, readDirectory } from './directory-reader.ts';
import { Administration } from './disk-administration.ts';
import { segmentsFolder } from './disk-identity.ts';
import { DiskRegistry } from './disk-registry.ts';
import { Disks } from './disks.ts';
import { EncoderPool } from './encoder-pool.ts';
import { FileCache } from './file-cache.ts';
import { HotBlobs, HotRead } from './hot-blobs.ts';
import { Lateness } from './lateness.ts';
import { LossCheck } from './loss-check.ts';
import { copiesOf, removeCopy } from './maintenance/copies.ts';
import { Maintenance } from './maintenance/maintenance.ts';
import type { BlobMaintenance, SegmentContents, SegmentMeasure, StripeListing } from './maintenance/types.ts';
import { type BlobLog, type BlobStoreOptions, silentLog } from './options.ts';
import { Packer, placeLimitBytes } from './packer.ts';
import { placeableShards } from './placement.ts';
import type { PoolName } from './pool.ts';
import { requireDisks } from './pool-needs.ts';
import { ALL_SCHEMES, DEFAULT_SCHEME, SCHEMES, type Scheme, type SchemeName, UNNAMED_SCHEME } from './scheme.ts';
import { SegmentSource } from './segment-source.ts';
import { type Segment, SegmentTable } from './segments.ts';
import { stripeParts } from './stripe.ts';
import { StripeBuffers, stripeMemoryBytes } from './stripe-buffers.ts';
import { StripeEncoder } from './stripe-encoder.ts';
import { countGoodShards, type ReadContext } from './stripe-reader.ts';
import { StripesAtHand } from './stripes-at-hand.ts';
import {
  BlobError,
  type BlobLabel,
  type BlobRef,
  type BlobStore,
  type ByteRange,
  type DiskAdministration,
  type DiskState,
  type NewDisk,
  type SegmentState,
  type WriteOptions,
} from './types.ts';
import { UncachedReads } from './uncached-reads.ts';

export type { BlobLog, BlobStoreOptions, ZoneOptions } from './options.ts';

const SEGMENT_SIZE_MAX_BYTES = 1024 ** 3;
const STRIPE_BUFFER_COUNT = 24;
const DISK_CHECK_INTERVAL_MS = 250;
const DISK_TIMEOUT_MS = 10_000;
const OPEN_FILES_MAX = 512;
const STRIPES_AHEAD_MAX = 16;
const REPAIR_DELAY_MS = 10 * 60 * 1000;

/**
 * Opens the store; creates the disk folders of a fresh one. Throws PoolError if a group has too few disks or too many of them
 * in one zone; disks that are missing or foreign do not keep it from opening (see `disks`).
 */
export async function openBlobStore(options: BlobStoreOptions): Promise<ErasureBlobStore> {
  const log = options.log ?? silentLog;
  assert(/^[0-9a-f]{32}$/.test(options.clusterId), 'a cluster id is 16 bytes in hex');
  const writeQuorums = quorums(options);
  const table = new SegmentTable();
  const limitMs = options.diskTimeoutMs ?? DISK_TIMEOUT_MS;
  const registry = await DiskRegistry.open({ zones: options.zones, limitMs, log });
  const disks = new Disks({ ...options, diskTimeoutMs: limitMs }, registry, table);
  requireDisks(disks, options.pools ?? []);
  await disks.check();
  if (table.size === 0) {
    await disks.createMissing();
    await disks.check();
  }
  disks.explainLacks();
  await registry.learn(disks.all);

  const bufferCount = options.stripeBufferCount ?? STRIPE_BUFFER_COUNT;
  const coder = openCoder(log);
  const buffers = new StripeBuffers(coder, bufferCount, { fillMsMax: options.stripeFillMsMax });
  const threadCount = options.encoderThreadCount ?? Math.min(4, Math.max(1, availableParallelism() - 1));
  const pool = new EncoderPool(threadCount, log);
  const encoder = new StripeEncoder(buffers, pool);
  const segmentSizeMaxBytes = options.segmentSizeMaxBytes ?? SEGMENT_SIZE_MAX_BYTES;
  const source = new SegmentSource({ disks, table, writeQuorums, segmentSizeMaxBytes });
  const files = new FileCache(OPEN_FILES_MAX);
  const atHand = new StripesAtHand(files, options.pageCacheBytesMax ?? 0);
  const store = new ErasureBlobStore({
    disks,
    table,
    source,
    pool,
    packer: new Packer(source, encoder, buffers, atHand),
    bulk: { source, encoder, buffers },
    reading: {
      files,
      atHand,
      uncached: new UncachedReads(),
      coder,
      buffers,
      log,
      lateness: new Lateness(disks.timeoutMs / 10),
    },
    hot: new HotBlobs(options.hotBlobBytesMax ?? 0),
    administration: new Administration({ ...options, disks, registry, table }),
    maintenance: new Maintenance({
      table,
      disks,
      source,
      files,
      coder,
      buffers,
      clock: options.clock ?? systemClock,
      log,
      repairDelayMs: options.repairDelayMs ?? REPAIR_DELAY_MS,
    }),
  });
  disks.watch(options.diskCheckIntervalMs ?? DISK_CHECK_INTERVAL_MS);
  return store;
}

function quorums({ writeQuorum }: BlobStoreOptions): Record<SchemeName, number> {
  const { '6+3': wide, '1+2': copies } = SCHEMES;
  const { writeQuorumMin, shards } = wide;
  const chosen = writeQuorum ?? writeQuorumMin;
  if (chosen < writeQuorumMin || chosen > shards) {
    throw new Error(`the write quorum is ${chosen}; with 6+3 it lies between ${writeQuorumMin} and ${shards}`);
  }
  return { '6+3': chosen, '1+2': copies.writeQuorumMin };
}

/** With memory for the scratch. */
function openCoder(log: BlobLog): Coder {
  const memory = createCoderMemory(stripeMemoryBytes(1));
  const simd = createSimdCoder(memory);
  if (simd && coderWorks(simd)) return simd;
  const scalar = createScalarCoder(memory);
  if (!coderWorks(scalar)) throw new Error('Reed-Solomon coding fails its self-test on this machine');
  log.warn({}, 'WebAssembly SIMD is not available: erasure coding runs at a fraction of its speed');
  return scalar;
}

interface Parts {
  readonly disks: Disks;
  readonly table: SegmentTable;
  readonly source: SegmentSource;
  readonly pool: EncoderPool;
  readonly packer: Packer;
  readonly bulk: BulkContext;
  readonly reading: ReadContext;
  readonly hot: HotBlobs;
  readonly administration: Administration;
  readonly maintenance: Maintenance;
}

export class ErasureBlobStore implements BlobStore, SegmentContents, DiskAdministration {
  /** Work on what is sealed: verifying, mending, moving it. */
  readonly maintenance: BlobMaintenance;
  readonly placeLimitBytes = placeLimitBytes(SCHEMES[DEFAULT_SCHEME]);
  readonly #parts: Parts;
  readonly #writes = new Set<Promise<BlobRef>>();
  #writtenBytes = 0;
  readonly #readAhead = new ReadAheadBudget(STRIPES_AHEAD_MAX);

  /** Not for callers: `openBlobStore` makes the parts. */
  constructor(parts: Parts) {
    this.#parts = parts;
    this.maintenance = parts.maintenance;
    parts.disks.listen({
      diskChanged: (disk) => {
        if (disk.readable) return;
        parts.reading.files.closeUnder(segmentsFolder(disk.path));
        // Memory does not hide that disks are away: what cannot be read is refused, whatever was read before.
        parts.hot.clear();
      },
    });
  }

  placeLimitBytesOf(scheme: SchemeName): number {
    return placeLimitBytes(SCHEMES[scheme]);
  }

  place(bytes: Uint8Array, label: Uint8Array, options: WriteOptions = {}): BlobRef {
    this.#parts.disks.pace.note();
    const ref = this.#parts.packer.place(bytes, label, options);
    this.#writtenBytes += bytes.length;
    return ref;
  }

  flush(): Promise<void> {
    return this.#parts.packer.flush();
  }

  async write(
    source: AsyncIterable<Uint8Array>,
    label: () => Promise<Uint8Array>,
    options?: WriteOptions,
  ): Promise<BlobRef> {
    this.#parts.disks.pace.note();
    const written = writeBulk(this.#parts.bulk, source, label, options);
    this.#writes.add(written);
    try {
      const ref = await written;
      this.#writtenBytes += ref.size;
      return ref;
    } finally {
      this.#writes.delete(written);
    }
  }

  release(ref: BlobRef): void {
    for (const { segment } of ref.extents) this.#parts.table.get(segment)?.release();
  }

  read(ref: BlobRef, range: ByteRange): AsyncIterableIterator<Uint8Array> {
    assert(range.start >= 0 && range.start <= range.end && range.end <= ref.size, 'the range lies in the blob');
    const known = this.recall(ref, range);
    if (known !== undefined) return new HotRead(known);
    const { hot, reading } = this.#parts;
    const name = hot.nameOf(ref, range);
    const held = new Map<string, Segment>();
    for (const { segment: id } of ref.extents) {
      const segment = this.#parts.table.get(id);
      if (!segment) return failedReading(this.#gone(id));
      held.set(id, segment);
    }
    for (const segment of held.values()) segment.hold();
    const whenRead = name === undefined ? undefined : (bytes: Buffer) => hot.keep(name, bytes);
    // What cannot be read is often the first that tells of a disk that has gone: see `diskChanged` above.
    const whenUnreadable = () => hot.clear();
    return new BlobReading(reading, this.#readAhead, { ref, range, held, whenRead, whenUnreadable });
  }

  recall(ref: BlobRef, range: ByteRange): Uint8Array | undefined {
    const { hot, disks } = this.#parts;
    disks.pace.note();
    const name = hot.nameOf(ref, range);
    return name === undefined ? undefined : hot.get(name);
  }

  async isIntact(ref: BlobRef): Promise<boolean> {
    for (const extent of ref.extents) {
      const segment = this.#parts.table.get(extent.segment);
      if (!segment) {
        this.#refuseIfAway(SCHEMES[ref.scheme ?? UNNAMED_SCHEME], { segment: extent.segment, good: 0 });
        return false;
      }
      const { scheme } = segment;
      for (const part of stripeParts(scheme, extent, { start: 0, end: extent.length })) {
        const { reading } = this.#parts;
        // Without its directory a blob can be read, but neither moved nor found by a rebuild of the index.
        const good = Math.min(
          await countGoodShards(reading, segment, part),
          await countDirectoryUnits(reading, segment, part),
        );
        if (good >= scheme.dataShards) continue;
        this.#refuseIfAway(scheme, { segment: extent.segment, good });
        return false;
      }
    }
    return true;
  }

  /** What tells which blobs are lost, as scrub and repair have left it. */
  checkLosses(): LossCheck {
    return new LossCheck(this.#parts);
  }

  async labelOf(ref: BlobRef): Promise<BlobLabel> {
    const extent = ref.extents.at(-1);
    assert(extent, 'an empty blob lies nowhere');
    const segment = this.#parts.table.get(extent.segment);
    if (!segment) throw this.#gone(extent.segment);
    const last = lastPart(segment, extent);
    segment.hold();
    try {
      const entries = await readDirectory(this.#parts.reading, segment, last.part);
      const found = entries.find(({ start, isLast }) => isLast && start === last.start);
      if (found) return { writeId: found.writeId, label: found.label };
    } finally {
      segment.release();
    }
    throw new BlobError('Unreadable', `the stripe at ${last.part.offset} of segment ${segment.id} names no such blob`);
  }

  poolOf(id: string): PoolName | undefined {
    const segment = this.#parts.table.get(id);
    return segment && { scheme: segment.scheme.name, group: segment.group };
  }

  segments(): readonly SegmentState[] {
    return this.#parts.table.states();
  }

  async drop(id: string): Promise<boolean> {
    const { table, reading } = this.#parts;
    const segment = table.get(id);
    if (!segment?.sealed || segment.holds > 0) return false;
    table.remove(id);
    await Promise.all(copiesOf(segment).map((copy) => removeCopy(copy, reading)));
    return true;
  }

  measure(segment: string): Promise<SegmentMeasure | undefined> {
    return this.#parts.maintenance.measure(segment);
  }

  listings(segment: string): AsyncIterable<StripeListing> {
    return this.#parts.maintenance.listings(segment);
  }

  disks(): readonly DiskState[] {
    return this.#parts.disks.all.map((disk) => disk.describe());
  }

  /** Whether data of so many bytes can be written again by what gives space back, so that deletes still find space. */
  hasRoomToMove(bytes: number, name: PoolName): boolean {
    const pool = this.#parts.source.pool(name);
    return this.#parts.source.hasRoomToMove(pool, Math.ceil(bytes / pool.scheme.dataShards));
  }

  /** Bytes that were placed and written since the start. */
  writtenBytes(): number {
    return this.#writtenBytes;
  }

  addDisk(request: NewDisk): Promise<DiskState> {
    return this.#parts.administration.addDisk(request);
  }

  drainDisk(disk: string): Promise<DiskState> {
    return this.#parts.administration.drainDisk(disk);
  }

  replaceDisk(request: { readonly id: string; readonly path: string }): Promise<DiskState> {
    return this.#parts.administration.replaceDisk(request);
  }

  removeDisk(disk: string): Promise<void> {
    return this.#parts.administration.removeDisk(disk);
  }

  /** Looks at every disk now; the timer does so anyway. */
  checkDisks(): Promise<void> {
    return this.#parts.disks.check();
  }

  /** Waits for the writes and flushes under way: whoever feeds a write ends its source first. */
  async close(): Promise<void> {
    const { disks, packer, source, pool, reading, maintenance } = this.#parts;
    await disks.close();
    await maintenance.close();
    await Promise.allSettled(this.#writes);
    await packer.settled();
    source.close();
    await Promise.all([pool.close(), reading.files.close()]);
  }

  /** Throws Unreadable if a stripe with so few good shards may have been durable, as others may be on disks that are away. */
  #refuseIfAway(scheme: Scheme, { segment, good }: { segment: string; good: number }): void {
    const away = this.#awayShards(scheme);
    if (good + away < scheme.writeQuorumMin) return;
    const known = `${good} good shards of segment ${segment} are there`;
    throw new BlobError('Unreadable', `${known}; disks that are away may have ${away} more`);
  }

  /** With so many disks away that all files of a segment may be, nobody can say that it is gone. */
  #gone(id: string): BlobError {
    const mayBeAway = ALL_SCHEMES.some((scheme) => this.#awayShards(scheme) > scheme.parityShards);
    const code = mayBeAway ? 'Unreadable' : 'SegmentGone';
    return new BlobError(code, `segment ${id} is not on any disk that can be read`);
  }

  /** How many shards of a segment can be on disks that are away, at most. */
  #awayShards(scheme: Scheme): number {
    const away = this.#parts.disks.all.filter(({ readable }) => !readable);
    const inGroups = Map.groupBy(away, ({ group }) => group).values();
    return Math.max(0, ...inGroups.map((disks) => placeableShards(disks, scheme)));
  }
}

/** An iterator that only rejects: callers meet every error of a read in the same place. */
async function* failedReading(error: BlobError): AsyncGenerator<Uint8Array> {
  yield await Promise.reject(error);
}
