/**
 * Finds what a sealed segment holds from its shard files together, without an index: all stripes in order, with what each
 * shard file has of them. The header of one good shard is enough to know where a stripe ends and the next one begins; where
 * no shard has one, the next offset is looked for at which some shard does, as stripes begin at multiples of 16.
 *
 * The files are read from start to end, once. A file that cannot be opened is as good as empty. A shard may have several
 * copies, on several disks. What is given out is valid until the walk is asked for more.
 */
import { crc32 } from 'node:zlib';
import { Breather } from '../../lib/breather.ts';
import type { DiskGate } from '../disk-gate.ts';
import type { Scheme } from '../scheme.ts';
import type { SegmentPlace } from '../segment-condition.ts';
import { blockChecksums, decodeShardHeader, HEADER_MAGIC, type ShardHeader } from '../shard-header.ts';
import { BLOCK_BYTES, HEADER_BYTES, stripeShardBytes } from '../stripe.ts';
import { ShardWindow, WINDOW_BYTES_MAX } from './shard-window.ts';

const ALIGNMENT_BYTES = 16;

/** A shard file. */
export interface ShardCopy {
  readonly shard: number;
  readonly path: string;
  /** Of its disk, if it is on one that is in use. */
  readonly gate?: DiskGate;
}

export interface SegmentFiles {
  readonly segment: string;
  readonly scheme: Scheme;
  readonly copies: readonly ShardCopy[];
  /** Some may be wrong although they are as their checksums say: all are then to be compared. */
  readonly areDoubted?: boolean;
}

/** What every shard's header says of a stripe alike. */
export type StripeShape = Pick<ShardHeader, 'unit' | 'dataLength' | 'directoryLength' | 'directoryUnit'>;

/** What a shard file has of a stripe. */
export interface CopyPart {
  readonly copy: ShardCopy;
  /** Undefined unless it is whole, of this place, and says of the stripe what most say. */
  readonly header: ShardHeader | undefined;
  /** The part as it lies in the file, fewer bytes at the file's end; with depth `headers` and `directories` not all of it. */
  readonly bytes: Buffer;
  /** Whether each block of the data unit is as its header says. Empty but with depth `everything`. */
  readonly blocks: readonly boolean[];
  /** The directory unit if it is as its header says; undefined with depth `headers`. */
  readonly directory: Buffer | undefined;
}

export interface WalkedStripe extends StripeShape {
  readonly kind: 'stripe';
  readonly offset: number;
  /** Bytes of each shard file. */
  readonly length: number;
  /** Of the copies that were looked at, in the order in which they were. */
  readonly parts: readonly CopyPart[];
}

/** Bytes that no header accounts for: what an interrupted write left, a hole, or a stripe whose headers are all lost. */
export interface WalkedGap {
  readonly kind: 'gap';
  readonly offset: number;
  readonly length: number;
}

export function placeOf({ offset, length }: WalkedStripe | WalkedGap): SegmentPlace {
  return { offset, length };
}

export interface WalkOptions {
  /** How much of a stripe is read and verified. */
  readonly depth: 'headers' | 'directories' | 'everything';
  /** Copies in groups: a group is looked at only where those before it do not suffice. Default: one group of all. */
  readonly groups?: readonly (readonly ShardCopy[])[];
  /** Whether the parts found so far suffice. Default: one good header does. */
  suffices?(stripe: WalkedStripe): boolean;
}

export class SegmentWalk implements AsyncDisposable {
  readonly #files: SegmentFiles;
  readonly #options: WalkOptions;
  readonly #groups: readonly (readonly ShardCopy[])[];
  readonly #windows: ReadonlyMap<ShardCopy, ShardWindow>;
  readonly #breather = new Breather();

  constructor(files: SegmentFiles, options: WalkOptions) {
    this.#files = files;
    this.#options = options;
    this.#groups = options.groups ?? [files.copies];
    // Between headers and directories lie data units, which nobody wants then.
    const readAheadBytes = options.depth === 'everything' ? WINDOW_BYTES_MAX : 32 * 1024;
    this.#windows = new Map(files.copies.map((copy) => [copy, new ShardWindow(copy, readAheadBytes)]));
  }

  /** Opens the files; resolves with the length of the longest. */
  async open(): Promise<number> {
    await Promise.all(Array.from(this.#windows.values(), (window) => window.open()));
    return this.sizeBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#windows.values(), (window) => window.close()));
  }

  get sizeBytes(): number {
    return Math.max(0, ...Array.from(this.#windows.values(), ({ size }) => size));
  }

  /** Length of the longest file of another shard; no limit if these are too few to tell. */
  sizeWithout(shard: number): number {
    const others = this.#files.copies.filter((copy) => copy.shard !== shard);
    if (others.length < this.#files.scheme.dataShards) return Number.POSITIVE_INFINITY;
    return Math.max(...others.map((copy) => this.#window(copy).size));
  }

  /** Bytes read from the files since the last call. */
  takeReadBytes(): number {
    let bytes = 0;
    for (const window of this.#windows.values()) bytes += window.takeReadBytes();
    return bytes;
  }

  async *regions(): AsyncGenerator<WalkedStripe | WalkedGap> {
    let at = 0;
    while (at < this.sizeBytes) {
      const region = (await this.#stripeAt(at)) ?? (await this.#gapAt(at));
      yield region;
      at = region.offset + region.length;
      await this.#breather.breathe();
    }
  }

  /** Bytes of a copy as they lie in its file, at most those of the longest stripe; fewer at the end. */
  async raw(copy: ShardCopy, { offset, length }: { offset: number; length: number }): Promise<Buffer> {
    await this.#load([copy], offset, length);
    return this.#window(copy).view(offset, length);
  }

  /** The stripe that begins at an offset, from as many copies as suffice; undefined if no copy has a header of it. */
  async #stripeAt(offset: number): Promise<WalkedStripe | undefined> {
    const looked: ShardCopy[] = [];
    const headers: (ShardHeader | undefined)[] = [];
    let stripe: WalkedStripe | undefined;
    for (const group of this.#groups) {
      await this.#load(group, offset, HEADER_BYTES);
      looked.push(...group);
      headers.push(...group.map((copy) => this.#headerAt(copy, offset)));
      const shape = mostCommonShape(headers);
      if (!shape) continue;
      await this.#loadParts(looked, offset, shape);
      const parts: CopyPart[] = [];
      for (const [i, copy] of looked.entries()) {
        parts.push(this.#partAt(copy, { offset, shape, header: headers[i] }));
        await this.#breather.breathe();
      }
      stripe = { kind: 'stripe', offset, length: stripeShardBytes(shape), ...shape, parts };
      if (this.#options.suffices?.(stripe) ?? true) return stripe;
    }
    return stripe;
  }

  /** From an offset at which no stripe begins to the next one at which one does, or the end. */
  async #gapAt(offset: number): Promise<WalkedGap> {
    const copies = this.#groups.flat();
    let at = offset + ALIGNMENT_BYTES;
    while (at < this.sizeBytes) {
      await this.#load(copies, at, HEADER_BYTES);
      const searched = copies.map((copy) => this.#nextMagic(copy, at));
      const next = Math.min(...searched.map(({ found }) => found));
      const searchedEnd = Math.min(...searched.map(({ end }) => end));
      // Beyond what was searched in one file, that one may have an earlier one that has not been seen yet.
      if (next >= searchedEnd) {
        at = searchedEnd;
      } else {
        await this.#load(copies, next, HEADER_BYTES);
        if (copies.some((copy) => this.#headerAt(copy, next))) return { kind: 'gap', offset, length: next - offset };
        at = next + ALIGNMENT_BYTES;
      }
      await this.#breather.breathe();
    }
    return { kind: 'gap', offset, length: this.sizeBytes - offset };
  }

  /** The first place from an offset on, within a copy's window, that begins as a header does; and where the search ended. */
  #nextMagic(copy: ShardCopy, offset: number): { found: number; end: number } {
    const window = this.#window(copy);
    const bytes = window.view(offset, WINDOW_BYTES_MAX);
    const wholeBytes = bytes.length - (bytes.length % ALIGNMENT_BYTES);
    // No bytes although the file goes on: they cannot be read.
    const searchedBytes = wholeBytes === 0 ? HEADER_BYTES : wholeBytes;
    const end = offset + bytes.length >= window.size ? Number.POSITIVE_INFINITY : offset + searchedBytes;
    let at = bytes.indexOf(HEADER_MAGIC);
    while (at >= 0 && at % ALIGNMENT_BYTES !== 0) at = bytes.indexOf(HEADER_MAGIC, at + 1);
    return { found: at < 0 ? Number.POSITIVE_INFINITY : offset + at, end };
  }

  async #loadParts(copies: readonly ShardCopy[], offset: number, shape: StripeShape): Promise<void> {
    const { depth } = this.#options;
    if (depth === 'everything') await this.#load(copies, offset, stripeShardBytes(shape));
    if (depth === 'directories') await this.#load(copies, offset + HEADER_BYTES + shape.unit, shape.directoryUnit);
  }

  #partAt(
    copy: ShardCopy,
    { offset, shape, header }: { offset: number; shape: StripeShape; header: ShardHeader | undefined },
  ): CopyPart {
    const { depth } = this.#options;
    const window = this.#window(copy);
    const bytes = window.view(offset, depth === 'everything' ? stripeShardBytes(shape) : HEADER_BYTES);
    const none = { copy, bytes, blocks: [], directory: undefined };
    if (!header || !hasShape(header, shape)) return { ...none, header: undefined };
    if (depth === 'headers') return { ...none, header };
    const directory = window.view(offset + HEADER_BYTES + shape.unit, shape.directoryUnit);
    const isDirectoryGood = directory.length === shape.directoryUnit && crc32(directory) === header.directoryCrc;
    return {
      copy,
      header,
      bytes,
      blocks: depth === 'everything' ? goodBlocks(header, bytes) : [],
      directory: isDirectoryGood ? directory : undefined,
    };
  }

  #headerAt(copy: ShardCopy, offset: number): ShardHeader | undefined {
    const decoded = decodeShardHeader(this.#window(copy).view(offset, HEADER_BYTES));
    if (!decoded.ok) return undefined;
    const { header } = decoded;
    const { segment, scheme } = this.#files;
    if (header.segment !== segment || header.scheme !== scheme.name) return undefined;
    return header.shard === copy.shard && header.offset === offset ? header : undefined;
  }

  async #load(copies: readonly ShardCopy[], offset: number, length: number): Promise<void> {
    const lacking = copies.filter((copy) => !this.#window(copy).covers(offset, length));
    if (lacking.length > 0) await Promise.all(lacking.map((copy) => this.#window(copy).load(offset, length)));
  }

  #window(copy: ShardCopy): ShardWindow {
    const window = this.#windows.get(copy);
    if (!window) throw new Error('only copies of the segment are walked');
    return window;
  }
}

/** A header that is whole but tells another story than most others is not believed. */
function mostCommonShape(headers: readonly (ShardHeader | undefined)[]): StripeShape | undefined {
  const votes: { shape: ShardHeader; count: number }[] = [];
  for (const header of headers) {
    if (!header) continue;
    const vote = votes.find(({ shape }) => hasShape(header, shape));
    if (vote) vote.count++;
    else votes.push({ shape: header, count: 1 });
  }
  const [first, ...others] = votes;
  if (!first) return undefined;
  const { unit, dataLength, directoryLength, directoryUnit } = others.reduce(
    (best, vote) => (vote.count > best.count ? vote : best),
    first,
  ).shape;
  return { unit, dataLength, directoryLength, directoryUnit };
}

function hasShape(header: ShardHeader, shape: StripeShape): boolean {
  return (
    header.unit === shape.unit &&
    header.dataLength === shape.dataLength &&
    header.directoryLength === shape.directoryLength &&
    header.directoryUnit === shape.directoryUnit
  );
}

function goodBlocks(header: ShardHeader, bytes: Buffer): boolean[] {
  const found = blockChecksums(bytes.subarray(HEADER_BYTES, HEADER_BYTES + header.unit), BLOCK_BYTES);
  const isWhole = (block: number): boolean =>
    HEADER_BYTES + Math.min((block + 1) * BLOCK_BYTES, header.unit) <= bytes.length;
  return header.blockCrcs.map((crc, block) => found[block] === crc && isWhole(block));
}
