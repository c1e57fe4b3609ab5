/**
 * Verifies every header, block and directory of a segment's shard files, and that parity is that of the data. Bad is what
 * others could make good; of a stripe that they could not, nothing is called bad: it was never committed, or it is lost,
 * which only the index can tell.
 */
import type { Scheme } from '../scheme.ts';
import type { SegmentPlace } from '../segment-condition.ts';
import type { RecoveryTools } from '../unit-recovery.ts';
import {
  type CopyPart,
  placeOf,
  type SegmentFiles,
  SegmentWalk,
  type ShardCopy,
  type WalkedStripe,
} from './segment-walk.ts';
import { agree } from './stripe-agreement.ts';
import { canImprove, isRecoverable, isWhole } from './stripe-rebuild.ts';

const PROGRESS_BYTES = 1024 * 1024;

export interface ScrubFindings {
  /** What is bad in each copy that is, in words: the first such place. */
  readonly damage: ReadonlyMap<ShardCopy, string>;
  /** Copies that lack something that another copy of the same shard has. */
  readonly inferior: ReadonlySet<ShardCopy>;
  /** Bytes of data in the stripes. */
  readonly dataBytes: number;
  /** Stripes of which no shard could be made whole. */
  readonly unreadableStripes: number;
  /** Where these are, and what no header accounts for. */
  readonly unreadablePlaces: readonly SegmentPlace[];
  /** Whether a copy is as it was sealed, and not what others say. */
  readonly isContradicted: boolean;
  /** Offsets of stripes whose shards contradict each other, and nothing tells which is wrong. */
  readonly undecidedStripes: readonly number[];
}

/** Yields bytes read; returns what was found. */
export async function* scrubFiles(files: SegmentFiles, tools: RecoveryTools): AsyncGenerator<number, ScrubFindings> {
  const damage = new Map<ShardCopy, string>();
  const inferior = new Set<ShardCopy>();
  let unreadableStripes = 0;
  const unreadablePlaces: SegmentPlace[] = [];
  let isContradicted = false;
  const undecidedStripes: number[] = [];
  let dataBytes = 0;
  const walk = new SegmentWalk(files, { depth: 'everything' });
  try {
    await walk.open();
    let progress = 0;
    for await (const region of walk.regions()) {
      progress += walk.takeReadBytes();
      if (region.kind === 'stripe') {
        dataBytes += region.dataLength;
        const { stripe, isUndecided } = agree(region, files.scheme, tools);
        if (isUndecided) undecidedStripes.push(stripe.offset);
        if (stripe !== region) isContradicted = true;
        if (!isRecoverable(stripe, files.scheme)) {
          unreadableStripes++;
          unreadablePlaces.push(placeOf(stripe));
        }
        for (const part of stripe.parts) judge(part, stripe, files.scheme, { damage, inferior });
      } else unreadablePlaces.push(placeOf(region));
      if (progress < PROGRESS_BYTES) continue;
      yield progress;
      progress = 0;
    }
    yield progress;
    return { damage, inferior, dataBytes, unreadableStripes, unreadablePlaces, isContradicted, undecidedStripes };
  } finally {
    await walk[Symbol.asyncDispose]();
  }
}

function judge(
  part: CopyPart,
  stripe: WalkedStripe,
  scheme: Scheme,
  found: { damage: Map<ShardCopy, string>; inferior: Set<ShardCopy> },
): void {
  if (isWhole(part)) return;
  const twins = stripe.parts.filter(({ copy }) => copy !== part.copy && copy.shard === part.copy.shard);
  if (twins.some((twin) => hasMore(twin, part))) found.inferior.add(part.copy);
  else if (!canImprove(part, stripe, scheme)) return;
  if (!found.damage.has(part.copy)) found.damage.set(part.copy, `${describe(part)} in the stripe at ${stripe.offset}`);
}

/** Whether a part has a good piece that another one has not. */
function hasMore(part: CopyPart, other: CopyPart): boolean {
  if (part.header && !other.header) return true;
  if (part.directory && !other.directory) return true;
  return part.blocks.some((good, block) => good && !other.blocks[block]);
}

function describe({ header, bytes, blocks }: CopyPart): string {
  if (bytes.length === 0) return 'nothing';
  const bad = blocks.flatMap((good, block) => (good ? [] : [block]));
  // A header is taken from a part whose blocks were compared with those of others.
  if (!header && blocks.length > 0) return 'not what the other shards say';
  if (!header) return 'no header';
  if (bad.length > 0) return `wrong checksum of blocks ${bad.join(', ')}`;
  return 'wrong checksum of the directory';
}
