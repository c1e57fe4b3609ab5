/**
 * Verifies every header, block and directory of a segment's shard files. Bad is what others could make good; of a stripe that
 * they could not, nothing is called bad: it was never committed, or it is lost, which only the index can tell.
 */
import type { Scheme } from '../scheme.ts';
import { type CopyPart, type SegmentFiles, SegmentWalk, type ShardCopy, type WalkedStripe } from './segment-walk.ts';
import { canImprove, isRecoverable, isWhole } from './stripe-rebuild.ts';

const PROGRESS_BYTES = 1024 * 1024;

export interface ScrubFindings {
  /** What is bad in each copy that is, in words: the first such place. */
  readonly damage: ReadonlyMap<ShardCopy, string>;
  /** Copies that lack something that another copy of the same shard has. */
  readonly inferior: ReadonlySet<ShardCopy>;
  /** Stripes of which no shard could be made whole. */
  readonly unreadableStripes: number;
}

/** Yields bytes read; returns what was found. */
export async function* scrubFiles(files: SegmentFiles): AsyncGenerator<number, ScrubFindings> {
  const damage = new Map<ShardCopy, string>();
  const inferior = new Set<ShardCopy>();
  let unreadableStripes = 0;
  const walk = new SegmentWalk(files, { depth: 'everything' });
  try {
    await walk.open();
    let progress = 0;
    for await (const region of walk.regions()) {
      progress += walk.takeReadBytes();
      if (region.kind === 'stripe') {
        if (!isRecoverable(region, files.scheme)) unreadableStripes++;
        for (const part of region.parts) judge(part, region, files.scheme, { damage, inferior });
      }
      if (progress < PROGRESS_BYTES) continue;
      yield progress;
      progress = 0;
    }
    yield progress;
    return { damage, inferior, unreadableStripes };
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

function describe({ header, bytes, blocks, directory }: CopyPart): string {
  if (bytes.length === 0) return 'nothing';
  if (!header) return 'no header';
  const bad = blocks.flatMap((good, block) => (good ? [] : [block]));
  if (bad.length > 0) return `wrong checksum of blocks ${bad.join(', ')}`;
  return directory ? 'nothing wrong' : 'wrong checksum of the directory';
}
