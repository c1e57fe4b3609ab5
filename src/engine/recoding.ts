/**
 * Copies into a storage class whose bytes lie in another pool than those of their source: coded otherwise, or on other disks.
 * Such a copy cannot share the bytes: it would stand less, or cost more, than its class says. It reads them and has them written anew.
 */

import { isSamePool } from '../blob/pool.ts';
import type { ChecksumAlgorithm } from '../lib/digests/algorithms.ts';
import type { Version } from '../meta/records.ts';
import { defaultChecksumAlgorithm, knownAlgorithm } from './checksums.ts';
import type { EngineContext } from './context.ts';
import { type Range, readVersion, slicesOf } from './reading.ts';
import type { BodySource } from './types.ts';

/** Whether all bytes of a range lie as a storage class has them, so that they can be shared. */
export async function isKeptFor(
  context: EngineContext,
  { source, range, storageClass }: { source: Version; range: Range; storageClass: string },
): Promise<boolean> {
  const wanted = context.poolOf(storageClass);
  const slices = await slicesOf(context, source, range);
  const segments = slices.flatMap(({ location }) => location.extents.map(({ segment }) => segment));
  // Of a segment that is not there now nothing is known, and nothing could be read: sharing it is all that can be done.
  return segments.every((segment) => isSamePool(context.blobs.poolOf(segment) ?? wanted, wanted));
}

/** A range of a version as a body to be stored, with the checksum that a copy of it has. */
export function rewrittenBody(
  context: EngineContext,
  source: Version,
  { range, algorithm }: { range: Range; algorithm: ChecksumAlgorithm | undefined },
): BodySource {
  // Opened by its first `next`: a request that is refused before must not leave blobs held.
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* await readVersion(context, source, range);
  }
  return {
    stream: bytes(),
    length: range.end - range.start,
    algorithms: new Set(),
    checksumAlgorithm: algorithm ?? knownAlgorithm(source.checksum?.algorithm) ?? defaultChecksumAlgorithm,
    // Every block is verified as it is read.
    verify: () => {},
  };
}
