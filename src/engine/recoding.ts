/**
 * Copies into a storage class whose bytes lie in another pool than those of their source: coded otherwise, or on other disks.
 * Such a copy cannot share the bytes: it would stand less, or cost more, than its class says. It reads them and has them written anew.
 */

import { isSamePool } from '../blob/pool.ts';
import type { ChecksumAlgorithm } from '../lib/digests/algorithms.ts';
import type { NewContent } from '../meta/commands.ts';
import type { Slice, Version } from '../meta/records.ts';
import { defaultChecksumAlgorithm, knownAlgorithm } from './checksums.ts';
import type { EngineContext } from './context.ts';
import { encryptedSize } from './encryption/frames.ts';
import type { Unlocked } from './encryption/keyring.ts';
import { type Range, readVersion, slicesOf, type Wanted } from './reading.ts';
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
  { algorithm, ...wanted }: Wanted & { algorithm: ChecksumAlgorithm | undefined },
): BodySource {
  // Opened by its first `next`: a request that is refused before must not leave blobs held.
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* await readVersion(context, source, wanted);
  }
  return {
    stream: bytes(),
    length: wanted.range.end - wanted.range.start,
    algorithms: new Set(),
    checksumAlgorithm: algorithm ?? knownAlgorithm(source.checksum?.algorithm) ?? defaultChecksumAlgorithm,
    // Every block is verified as it is read.
    verify: () => {},
  };
}

/** Bytes of a version that are to lie elsewhere, and are otherwise to stay what they are. */
export interface MovedBytes {
  readonly source: BodySource;
  /** Where they lie encrypted and are moved so: what opens them. */
  readonly sealed?: NonNullable<NewContent['sealed']>;
  /** Where they must be encrypted anew: with what. */
  readonly encryption?: Unlocked;
}

/**
 * A range of a version to be moved. An encrypted blob is moved as it lies. What several blobs have in common, or a part of one, is
 * encrypted anew under the key of the version; of one under its client's key no such thing is ever made.
 */
export async function movedBytes(context: EngineContext, version: Version, range: Range): Promise<MovedBytes> {
  const { encryption } = version.attributes;
  if (encryption === undefined) return { source: rewrittenBody(context, version, { range, algorithm: undefined }) };
  const [slice, ...more] = await slicesOf(context, version, range);
  if (slice?.envelope !== undefined && more.length === 0) {
    const { location, envelope, length } = slice;
    const layers = envelope.split('.').length;
    if (encryptedSize({ length, layers }) === location.size) {
      const source = rawBody(context, slice);
      return { source, sealed: { envelope, length } };
    }
  }
  const source = rewrittenBody(context, version, { range, algorithm: undefined });
  return { source, encryption: { encryption, keys: await context.keyring.open(encryption, undefined) } };
}

/** A whole blob as it lies. */
function rawBody({ blobs }: EngineContext, { location }: Slice): BodySource {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield* blobs.read(location, { start: 0, end: location.size });
  }
  return {
    stream: bytes(),
    length: location.size,
    algorithms: new Set(),
    checksumAlgorithm: defaultChecksumAlgorithm,
    // Every block is verified as it is read.
    verify: () => {},
  };
}
