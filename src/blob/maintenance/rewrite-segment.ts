/**
 * Writes shard files of a segment anew: of shards that are missing or damaged, or that move to another disk. One pass over
 * the segment serves all of them. Only what is needed is read: the shard's own file while it is good, others where it is
 * not. What nothing good is known of is taken over as it lies, or stays a hole.
 */
import { Breather } from '../../lib/breather.ts';
import type { SegmentPlace } from '../segment-condition.ts';
import { PAGE_BYTES } from '../stripe.ts';
import type { RecoveryTools } from '../unit-recovery.ts';
import { type NewFilePlace, NewShardFile } from './new-shard-file.ts';
import {
  type CopyPart,
  placeOf,
  type SegmentFiles,
  SegmentWalk,
  type ShardCopy,
  type WalkedGap,
  type WalkedStripe,
  type WalkOptions,
} from './segment-walk.ts';
import { agree } from './stripe-agreement.ts';
import { canImprove, isRecoverable, isWhole, StripeRebuild } from './stripe-rebuild.ts';

/** Progress is told at least this often. */
const PROGRESS_BYTES = 512 * 1024;
const GAP_BYTES = 256 * 1024;
const NO_BYTES = Buffer.alloc(PAGE_BYTES);

/** A shard file to write. */
export interface Rewrite extends NewFilePlace {
  readonly shard: number;
}

export interface RewriteOutcome {
  /** The new file, sealed; whoever gets it installs or discards it. */
  readonly file: NewShardFile;
  /** Stripes of which the file has more than the one that lies in its place. */
  readonly improvedStripes: number;
  /** Stripes of which something could not be had: they were never committed, or are lost. */
  readonly incompleteStripes: number;
  /** Where these are, and what no header accounts for. */
  readonly incompletePlaces: readonly SegmentPlace[];
}

/** Yields bytes read and written; returns an outcome for each rewrite. If it fails or is left, no new file stays. */
export async function* rewriteShards(
  files: SegmentFiles,
  rewrites: readonly Rewrite[],
  tools: RecoveryTools,
): AsyncGenerator<number, RewriteOutcome[]> {
  const outputs: Output[] = [];
  let isDone = false;
  try {
    for (const rewrite of rewrites) outputs.push(new Output(rewrite, await NewShardFile.create(rewrite)));
    yield* rewriteAll(files, outputs, tools);
    for (const { file } of outputs) yield* file.seal();
    isDone = true;
    return outputs.map(({ file, improved, incomplete, incompletePlaces }) => ({
      file,
      improvedStripes: improved,
      incompleteStripes: incomplete,
      incompletePlaces,
    }));
  } finally {
    if (!isDone) await Promise.all(outputs.map(({ file }) => file.discard()));
  }
}

/** Which of some copies would be better if they were written anew. Yields bytes read. */
export async function* findImprovable(
  files: SegmentFiles,
  suspects: readonly ShardCopy[],
  tools: RecoveryTools,
): AsyncGenerator<number, ReadonlySet<ShardCopy>> {
  const improvable = new Set<ShardCopy>();
  const walk = new SegmentWalk(files, { depth: 'everything', ...whatIsNeeded(files, suspects) });
  try {
    await walk.open();
    let progress = 0;
    for await (const region of walk.regions()) {
      if (region.kind === 'stripe') {
        const stripe = believed(region, files, tools);
        for (const part of stripe.parts) {
          const suspect = suspects.find(({ path }) => path === part.copy.path);
          if (suspect && !isWhole(part) && canImprove(part, stripe, files.scheme)) improvable.add(suspect);
        }
      }
      progress += walk.takeReadBytes();
      if (improvable.size === suspects.length) break;
      if (progress < PROGRESS_BYTES) continue;
      yield progress;
      progress = 0;
    }
    yield progress;
    return improvable;
  } finally {
    await walk[Symbol.asyncDispose]();
  }
}

class Output {
  readonly shard: number;
  readonly file: NewShardFile;
  improved = 0;
  incomplete = 0;
  readonly incompletePlaces: SegmentPlace[] = [];
  constructor({ shard }: Rewrite, file: NewShardFile) {
    this.shard = shard;
    this.file = file;
  }
  isReplacing({ copy }: CopyPart): boolean {
    return copy.path === this.file.path;
  }
}

async function* rewriteAll(
  files: SegmentFiles,
  outputs: readonly Output[],
  tools: RecoveryTools,
): AsyncGenerator<number> {
  const walk = new SegmentWalk(files, { depth: 'everything', ...whatIsNeeded(files, outputs) });
  try {
    await walk.open();
    let progress = 0;
    for await (const region of walk.regions()) {
      progress += walk.takeReadBytes();
      progress +=
        region.kind === 'stripe'
          ? await writeStripe(
              believed(region, files, tools),
              outputs,
              (stripe) => new StripeRebuild(stripe, files, tools),
            )
          : yield* copyGap(walk, files, region, outputs);
      if (progress < PROGRESS_BYTES) continue;
      yield progress;
      progress = 0;
    }
    yield progress;
  } finally {
    await walk[Symbol.asyncDispose]();
  }
}

function believed(stripe: WalkedStripe, { scheme, areDoubted }: SegmentFiles, tools: RecoveryTools): WalkedStripe {
  return areDoubted ? agree(stripe, scheme, tools).stripe : stripe;
}

/** First the shards' own files, then as many others as are needed to recover, then all; all where files are doubted. */
function whatIsNeeded(
  { copies, scheme, areDoubted }: SegmentFiles,
  wanted: readonly { readonly shard: number }[],
): Pick<WalkOptions, 'groups' | 'suffices'> {
  if (areDoubted) return {};
  const isOwn = ({ shard }: ShardCopy): boolean => wanted.some((one) => one.shard === shard);
  const others = copies.filter((copy) => !isOwn(copy));
  return {
    groups: [copies.filter(isOwn), others.slice(0, scheme.dataShards), others.slice(scheme.dataShards)],
    suffices: (stripe) =>
      wanted.every(({ shard }) => stripe.parts.some((part) => part.copy.shard === shard && isWhole(part))) ||
      isRecoverable(stripe, scheme),
  };
}

async function writeStripe(
  stripe: WalkedStripe,
  outputs: readonly Output[],
  rebuildOf: (stripe: WalkedStripe) => StripeRebuild,
): Promise<number> {
  const rebuild = rebuildOf(stripe);
  const breather = new Breather();
  let written = 0;
  for (const output of outputs) {
    const replaced = stripe.parts.find((part) => output.isReplacing(part));
    const { bytes, isImproved, isIncomplete } = rebuild.part(output.shard, replaced);
    output.improved += Number(isImproved);
    if (isIncomplete) {
      output.incomplete++;
      output.incompletePlaces.push(placeOf(stripe));
    }
    await output.file.append(bytes ?? Buffer.of());
    output.file.skip(stripe.length - (bytes?.length ?? 0));
    written += bytes?.length ?? 0;
    await breather.breathe();
  }
  return written;
}

async function* copyGap(
  walk: SegmentWalk,
  { copies }: SegmentFiles,
  gap: WalkedGap,
  outputs: readonly Output[],
): AsyncGenerator<number, number> {
  for (const { incompletePlaces } of outputs) incompletePlaces.push(placeOf(gap));
  const end = gap.offset + gap.length;
  for (let offset = gap.offset; offset < end; offset += GAP_BYTES) {
    const length = Math.min(GAP_BYTES, end - offset);
    let written = 0;
    for (const { shard, file } of outputs) {
      const copy = copies.find(({ path }) => path === file.path) ?? copies.find((other) => other.shard === shard);
      // What one file has beyond the end of all others is not of this segment.
      const owned = Math.min(length, Math.max(0, walk.sizeWithout(shard) - offset));
      const bytes = copy ? await walk.raw(copy, { offset, length: owned }) : Buffer.of();
      await file.append(bytes);
      // A run of pages ends in zeros, which nobody needs; with them the file has the length of the others again.
      const endsRun = owned - bytes.length < PAGE_BYTES;
      if (endsRun) await file.append(NO_BYTES.subarray(0, owned - bytes.length));
      file.skip(length - (endsRun ? owned : bytes.length));
      written += bytes.length;
    }
    yield written + walk.takeReadBytes();
  }
  return 0;
}
