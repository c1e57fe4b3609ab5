/** Readiness of the store: a small write through the whole commit path, and its read-back. */
import type { BlobStore } from '../blob/types.ts';
import { randomHex } from '../lib/ids.ts';
import type { Index } from '../meta/types.ts';

/**
 * Throws what stands in the way of a durable write or its read-back. Leaves a few bytes of garbage and a record in the log.
 * It goes by a command like every other write: a flush of its own could fail with the blobs of others in it, whose commands
 * would then be committed by the next wave.
 */
export async function probeStore(index: Index, blobs: BlobStore): Promise<void> {
  const written = Buffer.from(randomHex(32));
  const ref = blobs.place(written, Buffer.from('{"kind":"probe"}'));
  try {
    await index.submit({ type: 'probe' });
    const chunks = [];
    for await (const chunk of blobs.read(ref, { start: 0, end: written.length })) chunks.push(chunk);
    if (!Buffer.concat(chunks).equals(written)) throw new Error('What was read back differs from what was written');
  } finally {
    blobs.release(ref);
  }
}
