/** What the blob store does in a wave of the index, and what the index is told where some of it fails. */
import { type BlobStore, SegmentsLost } from '../blob/types.ts';
import { BlobsLost } from '../meta/commands.ts';

/** Makes the blobs durable that go with a batch of commands. Rejects with BlobsLost where some of them are. */
export async function flushAlongside(blobs: Pick<BlobStore, 'flush'>): Promise<void> {
  try {
    await blobs.flush();
  } catch (error) {
    throw error instanceof SegmentsLost ? new BlobsLost(error.segments, { cause: error }) : error;
  }
}
