/**
 * Reads part of a stripe's data. It asks the data shards, or one of several full copies, for the blocks that the part needs;
 * what they do not give is rebuilt from any shards as many as those of data, block by block. Shards on disks that are known
 * to be away are not tried, and others are asked in their place at once; shards that turn out to be bad cost another round.
 * A shard that has not answered after a while is late: others are asked in its place, and whichever are enough first give
 * the blocks.
 */
import { setImmediate, setTimeout } from 'node:timers';
import type { Coder } from './coding/coder.ts';
import { chooseCopy } from './copy-choice.ts';
import type { FileCache } from './file-cache.ts';
import type { Lateness } from './lateness.ts';
import type { BlobLog } from './options.ts';
import type { Segment } from './segments.ts';
import { isAbsent, readBlocks, requestBytes } from './shard-reader.ts';
import { blockCount, blockRange, type StripePart, type UnitPart, unitParts } from './stripe.ts';
import type { StripeBuffers } from './stripe-buffers.ts';
import type { StripesAtHand } from './stripes-at-hand.ts';
import { BlobError } from './types.ts';
import type { UncachedReads } from './uncached-reads.ts';
import { recoverUnits, type ShardUnit } from './unit-recovery.ts';

export interface ReadContext {
  readonly files: FileCache;
  readonly coder: Coder;
  readonly buffers: StripeBuffers;
  /** What can be read without waiting. */
  readonly atHand: StripesAtHand;
  readonly uncached: UncachedReads;
  readonly log: BlobLog;
  /** When a shard that has not answered is late. */
  readonly lateness: Lateness;
}

/** The bytes `from … to` of a stripe. Rejects with Unreadable; never gives a byte that was not verified or rebuilt. */
export function readStripe(context: ReadContext, segment: Segment, part: StripePart): Promise<Buffer> {
  const needed = neededUnits(segment, part);
  const atHand = context.atHand.read(segment, part, needed);
  return atHand ? Promise.resolve(atHand) : new StripeReading(context, segment, part, needed).run();
}

/**
 * How many good shards the worst block of a stripe has: with as many as those of data it can be read,
 * whatever part is asked for.
 */
export async function countGoodShards(context: ReadContext, segment: Segment, part: StripePart): Promise<number> {
  const { offset, unit } = part;
  const range = { segment, offset, unit, dataLengthMin: part.to, firstBlock: 0, endBlock: blockCount(unit) };
  const good = new Array<number>(blockCount(unit)).fill(0);
  await Promise.all(
    Array.from({ length: segment.scheme.shards }, async (_, shard) => {
      const { blocks } = await readBlocks(context.files, { ...range, shard }, Buffer.allocUnsafe(unit));
      for (const [i, block] of blocks.entries()) good[i] = (good[i] ?? 0) + Number(block !== undefined);
    }),
  );
  return Math.min(...good);
}

/** What is known of a block of a shard: its bytes, that it is bad or missing, that it has been asked for, or for too long. */
type Cell = Buffer | 'bad' | 'asked' | 'late' | undefined;

class StripeReading {
  readonly #context: ReadContext;
  readonly #segment: Segment;
  readonly #part: StripePart;
  readonly #needed: readonly UnitPart[];
  /** The needed blocks; each shard's follow those of the one before, as the data does. */
  #target: Buffer;
  /** Offset of `#target` in the stripe's data. */
  readonly #base: number;
  readonly #cells: Cell[][];
  /** What was wrong, by shard. */
  readonly #damages = new Map<number, string>();
  /** All that was asked for has been read or rebuilt. */
  #isRight = false;
  /** Fetches that have not ended. */
  readonly #underWay = new Map<UnitPart, Promise<void>>();
  readonly #late = new Set<UnitPart>();
  /** A read into the target was given up with its disk, and may yet happen. */
  #isTargetAbandoned = false;

  constructor(context: ReadContext, segment: Segment, part: StripePart, needed: readonly UnitPart[]) {
    this.#context = context;
    this.#segment = segment;
    this.#part = part;
    this.#needed = needed;
    const first = this.#needed[0];
    const last = this.#needed.at(-1);
    this.#base = first ? this.#dataOffset({ shard: first.shard, block: first.firstBlock }) : 0;
    const end = last ? this.#unitStart(last.shard) + blockRange({ unit: part.unit, block: last.endBlock - 1 }).end : 0;
    this.#target = Buffer.allocUnsafe(end - this.#base);
    this.#cells = Array.from({ length: segment.scheme.shards }, (_, shard) => {
      const cell: Cell = isAbsent(segment, shard) ? 'bad' : undefined;
      return new Array<Cell>(blockCount(part.unit)).fill(cell);
    });
  }

  async run(): Promise<Buffer> {
    let fetches = this.#needed.filter(({ shard }) => !isAbsent(this.#segment, shard));
    for (const part of fetches) this.#mark(part, 'asked');
    fetches.push(...this.#askForMore());
    while (fetches.length > 0 || !this.#isEnough()) {
      for (const part of fetches) this.#underWay.set(part, this.#fetch(part));
      await this.#answers();
      fetches = this.#askForMore();
    }
    // What is late may still come, into the memory it was told: that is left to it.
    const mayCome = this.#isTargetAbandoned || this.#needed.some((part) => this.#underWay.has(part));
    if (mayCome) this.#target = Buffer.from(this.#target);
    for (const block of this.#wanting()) this.#rebuild(block);
    // What others make up for is damage. A stripe that nothing gives back may be one that was never whole.
    this.#isRight = true;
    for (const [shard, damage] of this.#damages) this.#report(shard, damage);
    const { from, to } = this.#part;
    return this.#target.subarray(from - this.#base, to - this.#base);
  }

  /** Waits for what has been asked for, until it is late; if all that is left is late, for any of it. */
  async #answers(): Promise<void> {
    const inTime = [...this.#underWay].filter(([part]) => !this.#late.has(part));
    if (inTime.length === 0) {
      await Promise.race(this.#underWay.values());
      return;
    }
    if (await endsWithin(Promise.all(inTime.map(([, fetch]) => fetch)), this.#context.lateness.limitMs)) return;
    for (const part of this.#underWay.keys()) {
      this.#late.add(part);
      this.#mark(part, 'late');
    }
  }

  /** Whether every needed block is there or can be rebuilt. */
  #isEnough(): boolean {
    const { dataShards } = this.#segment.scheme;
    return this.#wanting().every((block) => this.#count(block, Buffer.isBuffer) >= dataShards);
  }

  #count(block: number, counts: (cell: Cell) => boolean): number {
    return this.#cells.reduce((sum, cells) => sum + Number(counts(cells[block])), 0);
  }

  /** Block indexes at which a needed block is bad or late. */
  #wanting(): number[] {
    const blocks: number[] = [];
    for (let block = 0; block < blockCount(this.#part.unit); block++) {
      if (this.#lostAt(block).length > 0) blocks.push(block);
    }
    return blocks;
  }

  /** The shards whose needed block of this index is bad or late. */
  #lostAt(block: number): number[] {
    const lost = this.#needed.filter(
      ({ shard, firstBlock, endBlock }) =>
        firstBlock <= block && block < endBlock && isLost(this.#cells[shard]?.[block]),
    );
    return lost.map(({ shard }) => shard);
  }

  /** What else to fetch, so that enough shards give each wanting block. Throws Unreadable when that is not to be had. */
  #askForMore(): UnitPart[] {
    const { shards, dataShards } = this.#segment.scheme;
    const parts = new Map<number, UnitPart>();
    for (const block of this.#wanting()) {
      let hopeful = this.#count(block, (cell) => Buffer.isBuffer(cell) || cell === 'asked');
      for (let shard = 0; shard < shards && hopeful < dataShards; shard++) {
        if (this.#cells[shard]?.[block] !== undefined) continue;
        const firstBlock = parts.get(shard)?.firstBlock ?? block;
        const part = { shard, firstBlock, endBlock: block + 1 };
        parts.set(shard, part);
        this.#mark(part, 'asked');
        hopeful++;
      }
      const good = hopeful + this.#count(block, (cell) => cell === 'late');
      if (good < dataShards) throw this.#unreadable({ block, good });
    }
    return [...parts.values()];
  }

  #mark({ shard, firstBlock, endBlock }: UnitPart, as: 'asked' | 'late'): void {
    const cells = this.#cells[shard] ?? [];
    const before = as === 'late' ? 'asked' : undefined;
    for (let block = firstBlock; block < endBlock; block++) if (cells[block] === before) cells[block] = as;
  }

  async #fetch(part: UnitPart): Promise<void> {
    const { offset, unit, to } = this.#part;
    const request = { ...part, segment: this.#segment, offset, unit, dataLengthMin: to };
    const inPlace = this.#needed.some((needed) => needed === part);
    const at = this.#dataOffset({ shard: part.shard, block: part.firstBlock }) - this.#base;
    const length = requestBytes(request);
    const bytes = inPlace ? this.#target.subarray(at, at + length) : Buffer.allocUnsafe(length);
    const fromMs = performance.now();
    const { files, atHand, uncached } = this.#context;
    const pastCache = atHand.has(request) ? undefined : uncached;
    const { blocks, damage, isAbandoned } = await readBlocks(files, request, bytes, pastCache);
    this.#context.lateness.tookMs(performance.now() - fromMs);
    this.#underWay.delete(part);
    if (inPlace && isAbandoned) this.#isTargetAbandoned = true;
    if (damage !== undefined && this.#isRight) this.#report(part.shard, damage);
    else if (damage !== undefined) this.#damages.set(part.shard, damage);
    if (damage === undefined && isAbandoned === undefined) atHand.noteRead(request);
    const cells = this.#cells[part.shard] ?? [];
    for (const [i, block] of blocks.entries()) {
      // A block that was good before is kept: this part may span ones that were there already.
      if (!Buffer.isBuffer(cells[part.firstBlock + i])) cells[part.firstBlock + i] = block ?? 'bad';
    }
  }

  /** Computes the needed blocks of this index that are bad, and puts them in their place. */
  #rebuild(block: number): void {
    const lost = this.#lostAt(block);
    const { scheme } = this.#segment;
    const sources = this.#cells
      .map((cells, shard) => ({ shard, bytes: cells[block] }))
      .filter((source): source is ShardUnit => Buffer.isBuffer(source.bytes))
      .slice(0, scheme.dataShards);
    const { coder, buffers } = this.#context;
    const rebuilt = recoverUnits({ coder, scratch: buffers.scratch }, scheme, sources, lost);
    for (const [i, shard] of lost.entries()) {
      rebuilt[i]?.copy(this.#target, this.#dataOffset({ shard, block }) - this.#base);
    }
  }

  #dataOffset({ shard, block }: { shard: number; block: number }): number {
    return this.#unitStart(shard) + blockRange({ unit: this.#part.unit, block }).start;
  }

  /** Where a shard's unit begins in the stripe's data; that of every full copy at its start. */
  #unitStart(shard: number): number {
    return (shard % this.#segment.scheme.dataShards) * this.#part.unit;
  }

  #report(shard: number, damage: string): void {
    const { id, disks, condition } = this.#segment;
    if (!condition.report(shard, damage)) return;
    const fields = { segment: id, shard, offset: this.#part.offset, disk: disks[shard]?.path, damage };
    this.#context.log.warn(fields, 'A shard is damaged; its blocks are rebuilt');
  }

  #unreadable({ block, good }: { block: number; good: number }): BlobError {
    const { dataShards } = this.#segment.scheme;
    const where = `block ${block} of the stripe at ${this.#part.offset} of segment ${this.#segment.id}`;
    return new BlobError('Unreadable', `${where} has ${good} good shards, ${dataShards} are needed`);
  }
}

/** The blocks that a part is made of: of the data shards, or of one of several full copies. */
function neededUnits(segment: Segment, part: StripePart): UnitPart[] {
  if (segment.scheme.dataShards > 1) return unitParts(part);
  const shard = chooseCopy(segment, part.offset);
  return unitParts(part).map((unitPart) => ({ ...unitPart, shard }));
}

function isLost(cell: Cell): boolean {
  return cell === 'bad' || cell === 'late';
}

/** Whether a promise, which never rejects, is fulfilled within so many milliseconds. */
function endsWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    // After a pause of the whole process the answer may be there that was not looked at yet.
    const timer = setTimeout(() => setImmediate(resolve, false), limitMs);
    void promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
