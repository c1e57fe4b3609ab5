/**
 * Finds whole blobs in the directories of stripes. A blob that compaction moved, or was moving, is found twice under its write
 * id and counts once: whichever of its places holds all of it will do, as its bytes are the same.
 */

import type { SegmentContents } from '../../blob/maintenance/types.ts';
import { SCHEMES, type Scheme } from '../../blob/scheme.ts';
import { fullStripeStride, stripeBytesMax, UNIT_BYTES_MAX } from '../../blob/stripe.ts';
import type { BlobRef, BlobStore, Extent } from '../../blob/types.ts';

export interface FoundBlob {
  readonly ref: BlobRef & { readonly writeId: string };
  readonly label: Uint8Array;
}

export interface FoundBlobs {
  readonly whole: ReadonlyMap<string, FoundBlob>;
  /** Labels of blobs of which some bytes are nowhere. */
  readonly broken: readonly Uint8Array[];
  /** Stripes whose directory cannot be read, by segment. */
  readonly unreadable: ReadonlyMap<string, number>;
}

/** Consecutive bytes of a blob in one segment. */
interface Run {
  readonly extent: Extent;
  readonly blobOffset: number;
  /** Label, if these are the last bytes. */
  readonly label: Uint8Array | undefined;
}

export async function findBlobs(blobs: BlobStore & SegmentContents): Promise<FoundBlobs> {
  const runs = new Map<string, Run[]>();
  const unreadable = new Map<string, number>();
  for (const { segment, scheme } of blobs.segments()) {
    for await (const { offset, unit, entries } of blobs.listings(segment)) {
      if (entries === undefined) unreadable.set(segment, (unreadable.get(segment) ?? 0) + 1);
      for (const { writeId, start, length, blobOffset, isLast, label } of entries ?? []) {
        const run = { extent: { segment, offset, unit, start, length }, blobOffset, label: isLast ? label : undefined };
        const known = runs.get(writeId) ?? [];
        const last = known.at(-1);
        if (last !== undefined && continues(last, run, SCHEMES[scheme])) known[known.length - 1] = joined(last, run);
        else known.push(run);
        runs.set(writeId, known);
      }
    }
  }
  return { ...assembleAll(runs), unreadable };
}

/** Whether a run begins where another ends, in the blob and in the shard files. */
function continues(before: Run, run: Run, scheme: Scheme): boolean {
  const [stripeBytes, stride] = [stripeBytesMax(scheme), fullStripeStride(scheme)];
  const { extent } = before;
  if (extent.segment !== run.extent.segment || extent.start !== 0 || extent.unit !== UNIT_BYTES_MAX) return false;
  if (before.label !== undefined || before.blobOffset + extent.length !== run.blobOffset) return false;
  return run.extent.offset === extent.offset + Math.ceil(extent.length / stripeBytes) * stride;
}

function joined(before: Run, run: Run): Run {
  const extent = { ...before.extent, length: before.extent.length + run.extent.length };
  return { extent, blobOffset: before.blobOffset, label: run.label };
}

function assembleAll(runs: ReadonlyMap<string, readonly Run[]>): Pick<FoundBlobs, 'whole' | 'broken'> {
  const whole = new Map<string, FoundBlob>();
  const broken: Uint8Array[] = [];
  for (const [writeId, pieces] of runs) {
    const chain = chainFrom(0, pieces);
    const label = chain?.at(-1)?.label;
    if (chain === undefined || label === undefined) {
      const last = pieces.find((piece) => piece.label !== undefined)?.label;
      if (last !== undefined) broken.push(last);
      continue;
    }
    const extents = chain.map(({ extent }) => extent);
    const size = extents.reduce((total, { length }) => total + length, 0);
    whole.set(writeId, { ref: { size, extents, writeId }, label });
  }
  return { whole, broken };
}

/** Runs that together hold the blob from an offset to its end; undefined if bytes are missing. */
function chainFrom(offset: number, pieces: readonly Run[]): readonly Run[] | undefined {
  for (const piece of pieces) {
    if (piece.blobOffset !== offset) continue;
    if (piece.label !== undefined) return [piece];
    const rest = chainFrom(offset + piece.extent.length, pieces);
    if (rest !== undefined) return [piece, ...rest];
  }
  return undefined;
}
