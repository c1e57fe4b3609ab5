/**
 * Whether the shards of a stripe fit together. A checksum says that a shard is as it was written, not that it was right: one
 * that a fault of the program or of the machine had made would go unnoticed until it was needed to rebuild another.
 *
 * Piece by piece, any shards as many as those of data give all others. One that is not what all others say is wrong if these
 * are one more than data at least, and agree. Where several are wrong, or too few are there, nothing tells which.
 */
import type { Scheme } from '../scheme.ts';
import { type RecoveryTools, recoverUnits, type ShardUnit } from '../unit-recovery.ts';
import type { CopyPart, WalkedStripe } from './segment-walk.ts';
import { goodPiece, goodUnits, type Piece, piecesOf } from './stripe-rebuild.ts';

export interface Agreement {
  /** The stripe, in which what is wrong by what all others say counts as bad. */
  readonly stripe: WalkedStripe;
  /** Pieces contradict each other, and nothing tells which is wrong. */
  readonly isUndecided: boolean;
}

/** `stripe` was walked with depth `everything`. */
export function agree(stripe: WalkedStripe, scheme: Scheme, tools: RecoveryTools): Agreement {
  const wrong = new Map<CopyPart, Piece[]>();
  let isUndecided = false;
  for (const piece of piecesOf(stripe)) {
    const right = believable(goodUnits(stripe, piece), scheme, tools);
    if (!right) {
      isUndecided = true;
      continue;
    }
    const parts = stripe.parts.filter((part) => goodPiece(stripe, part, piece));
    // Each is one of those that were compared.
    if (parts.length === right.length) continue;
    for (const part of parts) {
      const said = unitOf(part.copy.shard, right, scheme, tools);
      if (!goodPiece(stripe, part, piece)?.equals(said)) wrong.set(part, [...(wrong.get(part) ?? []), piece]);
    }
  }
  return { stripe: wrong.size === 0 ? stripe : without(stripe, wrong), isUndecided };
}

/** Those units of a piece that agree: all, or all but one; undefined if it cannot be told which. */
function believable(
  good: readonly ShardUnit[],
  scheme: Scheme,
  tools: RecoveryTools,
): readonly ShardUnit[] | undefined {
  const { dataShards } = scheme;
  const agrees = (units: readonly ShardUnit[]): boolean => {
    const others = units.slice(dataShards);
    if (others.length === 0) return true;
    const shards = others.map(({ shard }) => shard);
    const said = recoverUnits(tools, scheme, units.slice(0, dataShards), shards);
    return others.every(({ bytes }, i) => said[i]?.equals(bytes));
  };
  if (good.length <= dataShards || agrees(good)) return good;
  // So many that leave one out still prove each other.
  if (good.length < dataShards + 2) return undefined;
  const candidates = good.map((one) => good.filter((unit) => unit !== one)).filter(agrees);
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** A shard's unit as those that are right have or say it. */
function unitOf(shard: number, right: readonly ShardUnit[], scheme: Scheme, tools: RecoveryTools): Buffer {
  const own = right.find((unit) => unit.shard === shard)?.bytes;
  const [said] = own ? [own] : recoverUnits(tools, scheme, right.slice(0, scheme.dataShards), [shard]);
  return said ?? Buffer.of();
}

/** A header that vouches for what is wrong is not believed either. */
function without(stripe: WalkedStripe, wrong: ReadonlyMap<CopyPart, readonly Piece[]>): WalkedStripe {
  const parts = stripe.parts.map((part) => {
    const pieces = wrong.get(part);
    if (!pieces) return part;
    const blocks = part.blocks.map((isGood, block) => isGood && !pieces.includes(block));
    return { ...part, header: undefined, blocks, directory: pieces.includes('directory') ? undefined : part.directory };
  });
  return { ...stripe, parts };
}
