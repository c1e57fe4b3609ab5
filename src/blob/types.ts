/**
 * The seam between the engine and the blob store. A blob is an immutable byte string in one or more stripes. The store
 * knows nothing of buckets and keys; the index names blobs by the extents below, and a blob that no row names is garbage.
 */
import type { PoolName } from './pool.ts';
import type { SchemeName } from './scheme.ts';

/**
 * A run of consecutive stripes of one segment that hold part of a blob. Bytes `start … start + length` of the stripes'
 * data are the blob's. Every stripe of the run is full, a unit on each of the segment's data shards, but the last, whose
 * unit follows from what remains; all arithmetic on it is in `stripe.ts`.
 */
export interface Extent {
  /** Segment id, 32 hex digits. */
  readonly segment: string;
  /** Byte offset of the run's first stripe in each of the segment's shard files. */
  readonly offset: number;
  /** Data bytes per shard of the run's first stripe. */
  readonly unit: number;
  /** Byte offset of the blob in the data of the run's first stripe. */
  readonly start: number;
  /** Bytes of the blob in this run. */
  readonly length: number;
}

/** Where a blob lies. An empty blob has no extents. */
export interface BlobRef {
  readonly size: number;
  readonly extents: readonly Extent[];
  /** What the blob is called in stripe directories, wherever it is moved: 32 hex digits. The empty blob has none. */
  readonly writeId?: string;
  /**
   * How the blob is coded, where that is not 6+3. Its segments say so too: this is for whoever finds none of their shards and
   * must know how many there were. The index does not keep it.
   */
  readonly scheme?: SchemeName;
}

/** With the pool that the blob goes to. Default: `6+3`, on the disks of the default group. */
export interface WriteOptions extends Partial<PoolName> {
  /** The blob's name, where it is one that moves. Default: a fresh one. */
  readonly writeId?: string;
  /** Whether the space kept in reserve may be used: for deletes and for work that frees space. Default false. */
  readonly usesReserve?: boolean;
}

/** What a stripe directory says of a blob. */
export interface BlobLabel {
  readonly writeId: string;
  readonly label: Uint8Array;
}

/** Half-open byte range of a blob: `start` included, `end` excluded. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface SegmentState {
  readonly segment: string;
  readonly scheme: SchemeName;
  /** The group of disks that it lies on. */
  readonly group: string;
  readonly sealed: boolean;
  /** Writers and readers that hold it in this process. */
  readonly holds: number;
  /** Bytes of one shard file. */
  readonly shardBytes: number;
  /** Its shard files that are there, on disks that can be read, as they were last seen or written; and all their bytes. */
  readonly files: number;
  readonly fileBytes: number;
  /** Bytes of data in its stripes, live or not, where this process wrote or measured them all. */
  readonly dataBytes?: number;
}

export type DiskStateName =
  /** Read and written, unless it is full. */
  | 'healthy'
  /** An operation on it hung, or it came back and is being verified: not written. */
  | 'suspect'
  /** It had an I/O error, or is not the disk that it should be: not written until it was verified. */
  | 'failed'
  /** It is not there. */
  | 'missing'
  /** It is read, but its shards are to move elsewhere. */
  | 'draining'
  /** As `draining`, and another disk has taken its place. */
  | 'replaced';

export interface DiskState {
  /** Empty as long as its identity was never seen. */
  readonly id: string;
  readonly zone: string;
  readonly group: string;
  readonly path: string;
  readonly state: DiskStateName;
  /** Why it is in this state, in words. */
  readonly reason?: string;
  /** When it came into this state, in milliseconds since 1970. */
  readonly sinceMs: number;
  /** Whether it has less space left than its reserve: it takes no new data. */
  readonly isFull: boolean;
  /** Of its file system, when it was last seen; 0 if it never was. */
  readonly sizeBytes: number;
  readonly freeBytes: number;
  /** What is kept free on it for deletes and what frees space; 0 if it was never seen. */
  readonly reserveBytes: number;
  /** The same for disks of one file system; empty if it was never seen. */
  readonly device: string;
}

export type DiskRefusalCode =
  /** No disk of the store has this id or path. */
  | 'UnknownDisk'
  | 'UnknownZone'
  /** No group of disks can be called so. */
  | 'UnusableGroup'
  /** The folder cannot become a disk of the store: what is in it, or that it cannot be made. */
  | 'UnusableFolder'
  /** The disk is not in a state in which this can be asked for. */
  | 'WrongState'
  /** A group of disks would keep fewer than a segment needs. */
  | 'TooFewDisks'
  /** Shards on it are still needed. */
  | 'StillNeeded'
  /** The registry of disks could not be written to enough zones: nothing has changed. */
  | 'RegistryNotWritten';

/** An administrator asked of the disks what must not be done; the message says why. Nothing has changed. */
export class DiskRefusal extends Error {
  override readonly name = 'DiskRefusal';
  readonly code: DiskRefusalCode;
  constructor(code: DiskRefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface NewDisk {
  readonly zone: string;
  readonly path: string;
  readonly group?: string | undefined;
}

/** Changes of the set of disks, while the store serves. They are durable when they resolve. All reject with DiskRefusal. */
export interface DiskAdministration {
  /**
   * Makes an empty folder a disk of a zone and of a group, the default one where none is said. New segments of the group use it
   * at once; its share of the old ones moves there.
   */
  addDisk(request: NewDisk): Promise<DiskState>;
  /** No new segment uses the disk; its shards move to others, after which it can be removed. `disk` is an id or a path. */
  drainDisk(disk: string): Promise<DiskState>;
  /** Puts a new disk, an empty folder, in the place of one that may be gone; `id` may be its path. Returns the new one. */
  replaceDisk(request: { readonly id: string; readonly path: string }): Promise<DiskState>;
  /** Ends the use of a disk that holds nothing any more, or is gone and held nothing that others have not. */
  removeDisk(disk: string): Promise<void>;
}

export type BlobErrorCode =
  /** Fewer disks than the write quorum can take a write now. Nothing was promised; the caller answers 503. */
  | 'WriteQuorumLost'
  /** Too few disks have space left to take a write of new data. Reads go on, and so does what frees space. */
  | 'StorageFull'
  /** Fewer good shards of a block can be read now than the scheme has data shards. */
  | 'Unreadable'
  /** The segment is gone: its last blob was freed while the reader was on its way. Look the version up again. */
  | 'SegmentGone';

export class BlobError extends Error {
  override readonly name = 'BlobError';
  readonly code: BlobErrorCode;
  constructor(code: BlobErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of what a flush had to make durable, the blobs in some segments are void. All others are durable. */
export class SegmentsLost extends BlobError {
  readonly segments: ReadonlySet<string>;
  constructor(cause: BlobError, segments: ReadonlySet<string>) {
    super(cause.code, cause.message, { cause });
    this.segments = segments;
  }
}

export interface BlobStore {
  /** Largest blob that `place` takes without a word about the scheme, in bytes. */
  readonly placeLimitBytes: number;
  /** Largest blob of a scheme that `place` takes, in bytes. */
  placeLimitBytesOf(scheme: SchemeName): number;

  /**
   * Packs a small blob into the open stripe and returns where it will lie. Synchronous, so that the blob and the command
   * submitted in the same tick meet in the same wave: the blob is durable once the next `flush` has resolved. The bytes
   * are copied. `label` goes to the stripe's directory: what a rebuild of the index needs to know of the blob.
   *
   * Where the blob lies is settled when `extents` of the ref is first read, or by `flush`: its stripe then takes no more
   * blobs. So read it (or serialise the ref) late, when the commands of a batch are applied, not when it is placed. The
   * ref serialises and clones as a plain value. Throws WriteQuorumLost if too few disks take writes now.
   */
  place(bytes: Uint8Array, label: Uint8Array, options?: WriteOptions): BlobRef;

  /**
   * Writes a blob of any size to a bulk segment of its own, with back-pressure on the source and bounded memory.
   * Resolves once every stripe is synced to the write quorum. `label` is asked for once, after the last byte of the
   * source; if it or the source throws, the error passes through and what was written is garbage. Rejects with
   * WriteQuorumLost before the source is touched if too few disks take writes now.
   */
  write(source: AsyncIterable<Uint8Array>, label: () => Promise<Uint8Array>, options?: WriteOptions): Promise<BlobRef>;

  /**
   * Makes all that was placed before the call, and after the call before, durable. Rejects with WriteQuorumLost or StorageFull;
   * those blobs are then void, or with SegmentsLost those that it names. Calls may overlap: they run one after another, each answers for its own blobs only. So only the
   * index's wave may call it, which fails the commands that go with the blobs: whoever else flushed would take the blobs of
   * commands that wait for the next wave.
   */
  flush(): Promise<void>;

  /** Ends the hold that `place` or `write` took: from now on only the index keeps the blob. Call it once per ref. */
  release(ref: BlobRef): void;

  /**
   * Reads a range, verified block by block; missing or bad blocks are rebuilt from the others. The segments are held
   * from the call on (not from the first `next`) until the iterator ends, so the caller must finish or return it. All
   * errors come from `next`, the first of them often with the first. The buffers given out are the caller's.
   */
  read(ref: BlobRef, range: ByteRange): AsyncIterableIterator<Uint8Array>;

  /** The bytes of a range that were read of late, where they are still in memory; they are the caller's. */
  recall(ref: BlobRef, range: ByteRange): Uint8Array | undefined;

  /**
   * Whether every stripe of the blob has as many intact shards as it needs to be read: what replay asks of the last log record. False only
   * if the blob was never durable; rejects with Unreadable if that hangs on disks that are away.
   */
  isIntact(ref: BlobRef): Promise<boolean>;

  /**
   * What the blob was given as its label, and its write id, out of the stripe directory; rebuilt where shards are bad.
   * Rejects with Unreadable or SegmentGone. The blob must not be empty.
   */
  labelOf(ref: BlobRef): Promise<BlobLabel>;

  /** How a segment is coded and on which disks; undefined if it is on no disk that can be read. */
  poolOf(segment: string): PoolName | undefined;

  segments(): readonly SegmentState[];
  /** Deletes a sealed segment's shard files. The caller knows that no row names it. False if it is open or held. */
  drop(segment: string): Promise<boolean>;

  disks(): readonly DiskState[];
  close(): Promise<void>;
}
