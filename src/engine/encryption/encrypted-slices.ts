/** Slices of encrypted blobs: their bytes, and their envelopes for objects that share them. */
import { BlobError } from '../../blob/types.ts';
import type { Slice } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import { DecryptingRead, damagedFrame } from './decrypting-read.ts';
import { type EnvelopeKeys, type Opened, openEnvelope, sealEnvelope } from './envelopes.ts';
import { decryptFrame, FrameDamaged } from './frame-cipher.ts';
import { encryptedSize, frameBytes, framesOf } from './frames.ts';

interface Range {
  readonly start: number;
  readonly end: number;
}

/** The text of a slice. The blob is held from the call on; the caller must finish or return the iterator. */
export function readEncrypted(
  { blobs }: Pick<EngineContext, 'blobs'>,
  slice: Slice,
  keys: EnvelopeKeys,
): AsyncIterableIterator<Uint8Array> {
  const { location, offset, length } = slice;
  const opened = openSlice(slice, keys);
  const framed = framesOf({ start: offset, end: offset + length }, { size: location.size, layers: opened.keys.length });
  return new DecryptingRead(blobs.read(location, framed.range), opened.keys, { ...framed, length });
}

/** Bytes `start` to `end` of the text of a slice's blob, where the store has the blob in memory. */
export function recallEncrypted(
  { blobs }: Pick<EngineContext, 'blobs'>,
  slice: Slice,
  { range, keys }: { range: Range; keys: EnvelopeKeys },
): Uint8Array | undefined {
  const { location } = slice;
  // What is remembered is small.
  if (location.size > frameBytes) return undefined;
  const bytes = blobs.recall(location, { start: 0, end: location.size });
  if (bytes === undefined) return undefined;
  try {
    return decryptFrame(bytes, 0, openSlice(slice, keys).keys).subarray(range.start, range.end);
  } catch (error) {
    if (error instanceof FrameDamaged) throw damagedFrame(error);
    throw error;
  }
}

/** The slice for an object of other keys, on the same bytes. */
export function resealed(slice: Slice, from: EnvelopeKeys, to: EnvelopeKeys): Slice {
  return { ...slice, envelope: sealEnvelope(openSlice(slice, from), to) };
}

/** What a slice's envelope says. Throws Unreadable if it says another thing than how long the blob is. */
function openSlice({ location, envelope }: Slice, keys: EnvelopeKeys): Opened {
  if (envelope === undefined) throw new BlobError('Unreadable', 'A blob of an encrypted object has no envelope');
  const opened = openEnvelope(envelope, keys);
  if (opened === undefined)
    throw new BlobError('Unreadable', 'The envelope of a blob does not open with its object’s key');
  if (encryptedSize({ length: opened.length, layers: opened.keys.length }) === location.size) return opened;
  throw new BlobError('Unreadable', `An encrypted blob has ${location.size} bytes, and not what its envelope says`);
}
