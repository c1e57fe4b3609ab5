/** The parts of moving a blob: read it with its label, and tell the index where it lies now. */
import { BlobError, type BlobLabel, type BlobRef, type BlobStore } from '../blob/types.ts';
import type { Index, SegmentBlob } from '../meta/types.ts';
import { isRejection } from './refusals.ts';

/** The bytes of a small blob, verified, and what its directory says of it. */
export async function readWhole(
  blobs: BlobStore,
  { location }: SegmentBlob,
): Promise<BlobLabel & { readonly bytes: Uint8Array }> {
  const described = await blobs.labelOf(location);
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.read(location, { start: 0, end: location.size })) chunks.push(chunk);
  return { ...described, bytes: Buffer.concat(chunks) };
}

/** Tells the index that a blob lies elsewhere. False if it has been freed or moved meanwhile: what was written is garbage. */
export async function relocate(index: Index, { blob, location }: SegmentBlob, to: BlobRef): Promise<boolean> {
  try {
    await index.submit({ type: 'relocate-blob', blob, from: location.extents, to });
    return true;
  } catch (error) {
    if (isRejection(error, 'BlobMoved')) return false;
    throw error;
  }
}

/** Whether a blob could not be read, and will not be before something is mended. */
export function isUnreadable(error: unknown): boolean {
  return error instanceof BlobError && (error.code === 'Unreadable' || error.code === 'SegmentGone');
}
