/**
 * A shard's part of a stripe, made from what is good of it and of others: pure arithmetic on what a walk found.
 *
 * A part is made of pieces: the blocks of the data unit, and the directory unit. A good piece is kept as it is. One that is
 * not is recovered from as many shards in which it is good as hold data, and proved: with it in their place, one of these
 * must follow from the others. A header that is good is kept; one that is not is written anew only where all pieces are
 * known, as what cannot be rebuilt must not be made to look valid.
 */
import assert from 'node:assert';
import { crc32 } from '../../lib/digests/crc/crc32.ts';
import type { Scheme } from '../scheme.ts';
import { blockChecksums, encodeShardHeader, type ShardHeader } from '../shard-header.ts';
import { BLOCK_BYTES, blockCount, blockRange, HEADER_BYTES } from '../stripe.ts';
import { type RecoveryTools, recoverUnits, type ShardUnit } from '../unit-recovery.ts';
import type { CopyPart, WalkedStripe } from './segment-walk.ts';

export interface RebuiltPart {
  /** The part as it should lie in the shard file; undefined if nothing of it is known, good or bad. */
  readonly bytes: Buffer | undefined;
  /** Whether it has something good that the file it is to replace has not. */
  readonly isImproved: boolean;
  /** Whether something of it could not be had. */
  readonly isIncomplete: boolean;
}

/** Whether all of a part is as its header says. */
export function isWhole({ header, blocks, directory }: CopyPart): boolean {
  return header !== undefined && directory !== undefined && blocks.every((good) => good);
}

/** Whether each piece of a stripe is good in as many shards as are needed to recover it. */
export function isRecoverable(stripe: WalkedStripe, scheme: Scheme): boolean {
  return piecesOf(stripe).every((piece) => canRecover(stripe, piece, scheme));
}

/** Whether others could make good something of a part that is not. */
export function canImprove(part: CopyPart, stripe: WalkedStripe, scheme: Scheme): boolean {
  const lacking = piecesOf(stripe).filter((piece) => !goodPiece(stripe, part, piece));
  const twins = stripe.parts.filter(({ copy }) => copy !== part.copy && copy.shard === part.copy.shard);
  const canHave = (piece: Piece): boolean =>
    canRecover(stripe, piece, scheme) || twins.some((twin) => goodPiece(stripe, twin, piece) !== undefined);
  return part.header ? lacking.some(canHave) : lacking.every(canHave);
}

export class StripeRebuild {
  readonly #stripe: WalkedStripe;
  readonly #segment: string;
  readonly #scheme: Scheme;
  readonly #tools: RecoveryTools;
  #goodUnits: ReadonlyMap<Piece, readonly ShardUnit[]> | undefined;

  constructor(stripe: WalkedStripe, owner: { segment: string; scheme: Scheme }, tools: RecoveryTools) {
    this.#stripe = stripe;
    this.#segment = owner.segment;
    this.#scheme = owner.scheme;
    this.#tools = tools;
  }

  /** `replaced` is the part in the file that the result will replace, if there is one. */
  part(shard: number, replaced: CopyPart | undefined): RebuiltPart {
    const own = this.#stripe.parts.filter(({ copy }) => copy.shard === shard);
    const whole = replaced && isWhole(replaced) ? replaced : own.find(isWhole);
    if (whole) return { bytes: whole.bytes, isImproved: whole !== replaced, isIncomplete: false };
    const header = own.find((part) => part.header)?.header;
    this.#goodUnits ??= new Map(piecesOf(this.#stripe).map((piece) => [piece, goodUnits(this.#stripe, piece)]));
    const pieces = new Map<Piece, Buffer>();
    for (const [piece, good] of this.#goodUnits) {
      const bytes =
        good.find((unit) => unit.shard === shard)?.bytes ?? this.#recover(shard, good, checksum(header, piece));
      if (bytes) pieces.set(piece, bytes);
    }
    const isIncomplete = pieces.size < this.#goodUnits.size;
    const old = (replaced?.bytes.length ? replaced : own.find(({ bytes }) => bytes.length > 0))?.bytes;
    if (isIncomplete && !header) return { bytes: old, isImproved: false, isIncomplete };
    const bytes = this.#assemble(pieces, old);
    encodeShardHeader(header ?? this.#headerFor(shard, pieces), bytes.subarray(0, HEADER_BYTES));
    return { bytes, isImproved: pieces.size > goodCount(replaced), isIncomplete };
  }

  /**
   * A piece of a shard from others. Where its checksum is known, a set of others that gives something else is not believed,
   * and the next one tried.
   */
  #recover(shard: number, good: readonly ShardUnit[], expected: number | undefined): Buffer | undefined {
    const { dataShards } = this.#scheme;
    const attempts = expected === undefined ? 1 : good.length;
    for (let first = 0; first < attempts && good.length >= dataShards; first++) {
      const present = [...good.slice(first), ...good.slice(0, first)].slice(0, dataShards);
      const [recovered] = recoverUnits(this.#tools, this.#scheme, present, [shard]);
      const bytes = Buffer.from(recovered ?? []);
      this.#prove({ shard, bytes }, present);
      if (expected === undefined || crc32(bytes) === expected) return bytes;
    }
    return undefined;
  }

  #prove(recovered: ShardUnit, present: readonly ShardUnit[]): void {
    const [first, ...others] = present;
    assert(first, 'a unit is recovered from others');
    const [again] = recoverUnits(this.#tools, this.#scheme, [...others, recovered], [first.shard]);
    assert(again?.equals(first.bytes), `shard ${recovered.shard} was computed wrongly: the machine cannot be trusted`);
  }

  #assemble(pieces: ReadonlyMap<Piece, Buffer>, old: Buffer | undefined): Buffer {
    const bytes = Buffer.alloc(this.#stripe.length);
    old?.copy(bytes);
    for (const [piece, content] of pieces) content.copy(bytes, pieceStart(this.#stripe, piece));
    return bytes;
  }

  #headerFor(shard: number, pieces: ReadonlyMap<Piece, Buffer>): ShardHeader {
    const { offset, unit, dataLength, directoryLength, directoryUnit } = this.#stripe;
    const data = Buffer.concat(
      Array.from({ length: blockCount(unit) }, (_, block) => pieces.get(block) ?? Buffer.of()),
    );
    return {
      scheme: this.#scheme.name,
      shard,
      segment: this.#segment,
      offset,
      unit,
      dataLength,
      directoryLength,
      directoryUnit,
      blockCrcs: blockChecksums(data, BLOCK_BYTES),
      directoryCrc: crc32(pieces.get('directory') ?? Buffer.of()),
    };
  }
}

/** A block by its index, or the directory unit. */
export type Piece = number | 'directory';

export function piecesOf({ unit }: WalkedStripe): Piece[] {
  return [...Array.from({ length: blockCount(unit) }, (_, block) => block), 'directory'];
}

function canRecover(stripe: WalkedStripe, piece: Piece, { dataShards }: Scheme): boolean {
  return goodUnits(stripe, piece).length >= dataShards;
}

function checksum(header: ShardHeader | undefined, piece: Piece): number | undefined {
  return piece === 'directory' ? header?.directoryCrc : header?.blockCrcs[piece];
}

function pieceStart({ unit }: WalkedStripe, piece: Piece): number {
  return HEADER_BYTES + (piece === 'directory' ? unit : blockRange({ unit, block: piece }).start);
}

/** A piece as it is in the shards in which it is good, each once. */
export function goodUnits(stripe: WalkedStripe, piece: Piece): ShardUnit[] {
  const units = new Map<number, ShardUnit>();
  for (const part of stripe.parts) {
    const bytes = goodPiece(stripe, part, piece);
    if (bytes && !units.has(part.copy.shard)) units.set(part.copy.shard, { shard: part.copy.shard, bytes });
  }
  return [...units.values()];
}

export function goodPiece({ unit }: WalkedStripe, part: CopyPart, piece: Piece): Buffer | undefined {
  if (piece === 'directory') return part.directory;
  if (!part.blocks[piece]) return undefined;
  const { start, end } = blockRange({ unit, block: piece });
  return part.bytes.subarray(HEADER_BYTES + start, HEADER_BYTES + end);
}

function goodCount(part: CopyPart | undefined): number {
  if (!part) return 0;
  return part.blocks.filter((good) => good).length + Number(part.directory !== undefined);
}
