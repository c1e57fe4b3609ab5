/**
 * The directory of a stripe: which blobs have bytes in it. Nothing reads it in daily work; it is what a rebuild of the
 * index, repair and `ninefold inspect` know of a stripe without any other source.
 *
 * Entries follow one another; numbers are little-endian:
 *
 *     0  4  length of the entry, this field included
 *     4  4  start of the blob's bytes in the stripe's data
 *     8  4  their length
 *    12  8  offset of these bytes in the blob
 *    20 16  write id: the stripes of one blob share it
 *    36  1  1 if these are the last bytes of the blob, else 0
 *    37  …  label, only with the last bytes
 */
import assert from 'node:assert';

/** Bytes of an entry without a label. */
export const DIRECTORY_ENTRY_BYTES = 37;

export interface DirectoryEntry {
  readonly start: number;
  readonly length: number;
  readonly blobOffset: number;
  /** 32 hex digits. */
  readonly writeId: string;
  readonly isLast: boolean;
  /** Opaque to the store. Empty unless `isLast`. */
  readonly label: Uint8Array;
}

/** Bytes of a last entry with this label. */
export function directoryEntryBytes(label: Uint8Array): number {
  return DIRECTORY_ENTRY_BYTES + label.length;
}

export function encodeDirectory(entries: readonly DirectoryEntry[]): Buffer {
  const target = Buffer.alloc(entries.reduce((sum, entry) => sum + DIRECTORY_ENTRY_BYTES + entry.label.length, 0));
  let at = 0;
  for (const entry of entries) {
    assert(entry.isLast || entry.label.length === 0, 'the label goes with the last bytes');
    target.writeUInt32LE(DIRECTORY_ENTRY_BYTES + entry.label.length, at);
    target.writeUInt32LE(entry.start, at + 4);
    target.writeUInt32LE(entry.length, at + 8);
    target.writeBigUInt64LE(BigInt(entry.blobOffset), at + 12);
    assert(target.write(entry.writeId, at + 20, 16, 'hex') === 16, 'a write id is 16 bytes');
    target.writeUInt8(entry.isLast ? 1 : 0, at + 36);
    target.set(entry.label, at + DIRECTORY_ENTRY_BYTES);
    at += DIRECTORY_ENTRY_BYTES + entry.label.length;
  }
  return target;
}

/** The entries, or undefined if the bytes are no directory. */
export function decodeDirectory(bytes: Buffer): DirectoryEntry[] | undefined {
  const entries: DirectoryEntry[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < DIRECTORY_ENTRY_BYTES) return undefined;
    const length = bytes.readUInt32LE(at);
    if (length < DIRECTORY_ENTRY_BYTES || at + length > bytes.length) return undefined;
    entries.push({
      start: bytes.readUInt32LE(at + 4),
      length: bytes.readUInt32LE(at + 8),
      blobOffset: Number(bytes.readBigUInt64LE(at + 12)),
      writeId: bytes.toString('hex', at + 20, at + 36),
      isLast: bytes.readUInt8(at + 36) === 1,
      label: bytes.subarray(at + DIRECTORY_ENTRY_BYTES, at + length),
    });
    at += length;
  }
  return entries;
}
