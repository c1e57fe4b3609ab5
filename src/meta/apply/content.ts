/** Bytes that rows take hold of and let go. */
import assert from 'node:assert';
import { CommandRejected, type Content, type SharedSlice } from '../commands.ts';
import type { BlobLocation } from '../records.ts';
import { type PackedSlice, packSlices, unpackSlices } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import type { Transaction } from './transaction.ts';

/** Takes hold of the content for one row; returns the row's `slices` column. Empty content names no blob. */
export function takeContent(transaction: Transaction, content: Content): string {
  if (content.kind === 'shared') return packSlices(content.slices.flatMap((slice) => share(transaction, slice)));
  if (content.location.size === 0) return packSlices([]);
  const blob = transaction.nextBlobId();
  transaction.blobs.insert(blob, content.location);
  const { sealed } = content;
  return packSlices([sealed ? [blob, 0, sealed.length, sealed.envelope] : [blob, 0, content.location.size]]);
}

function share(transaction: Transaction, slice: SharedSlice): PackedSlice[] {
  if (slice.length === 0) return [];
  const size = transaction.blobs.share(slice.blob);
  if (size === undefined) throw new CommandRejected('SourceGone', `Blob ${slice.blob} is gone.`);
  assert(slice.offset >= 0 && slice.offset + slice.length <= size, 'a shared slice lies inside its blob');
  const { blob, offset, length, envelope } = slice;
  return [envelope === undefined ? [blob, offset, length] : [blob, offset, length, envelope]];
}

/** Takes hold of the blob that describes a row; returns the row's `manifest` column. */
export function takeManifest(transaction: Transaction, location: BlobLocation | undefined): number | null {
  if (location === undefined) return null;
  const blob = transaction.nextBlobId();
  transaction.blobs.insert(blob, location);
  return blob;
}

export function releaseManifest(transaction: Transaction, manifest: number | null): void {
  if (manifest !== null) transaction.blobs.release(manifest);
}

export function releaseSlices(transaction: Transaction, slices: string | null): void {
  for (const [blob] of unpackSlices(slices)) transaction.blobs.release(blob);
}

/** Lets go of all parts of an upload or of a version that was one. */
export function releaseParts(transaction: Transaction, contentId: number): void {
  for (const part of transaction.parts.all(contentId)) {
    releaseSlices(transaction, part.slices);
    releaseManifest(transaction, part.manifest);
  }
  transaction.parts.removeAll(contentId);
}

/** Removes a version or marker with everything it holds. */
export function removeVersion(transaction: Transaction, row: VersionRow): void {
  transaction.versions.remove(row);
  releaseSlices(transaction, row.slices);
  releaseManifest(transaction, row.manifest);
  if (row.contentId !== null) releaseParts(transaction, row.contentId);
  for (const { slices, manifest } of transaction.annotations.removeAll(row)) {
    releaseSlices(transaction, slices);
    releaseManifest(transaction, manifest);
  }
}
