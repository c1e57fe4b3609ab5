/** Readiness of the store: a small write, its sync to the quorum and its read-back. */

import type { BlobStore } from '../blob/types.ts';
import { randomHex } from '../lib/ids.ts';

/** Throws what stands in the way of a durable write or its read-back. Leaves garbage of a few bytes. */
export async function probeStore(blobs: BlobStore): Promise<void> {
  const written = Buffer.from(randomHex(32));
  const ref = blobs.place(written, Buffer.from('{"kind":"probe"}'));
  try {
    await blobs.flush();
    const chunks = [];
    for await (const chunk of blobs.read(ref, { start: 0, end: written.length })) chunks.push(chunk);
    if (!Buffer.concat(chunks).equals(written)) throw new Error('What was read back differs from what was written');
  } finally {
    blobs.release(ref);
  }
}
