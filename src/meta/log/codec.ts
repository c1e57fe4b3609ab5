/**
 * The commit log's bytes, as values: file header, record header, epoch file. Pure; docs/LOG.md is the page. Integers are
 * little-endian. Every magic begins with 0xF9, a byte that UTF-8 text cannot hold, so that no payload looks like a header.
 */
import assert from 'node:assert';
import { crc32 } from 'node:zlib';

export const FILE_HEADER_BYTES = 128;
export const RECORD_HEADER_BYTES = 40;
export const EPOCH_FILE_BYTES = 20;
export const LOG_FORMAT_VERSION = 1;

export const FILE_MAGIC = Buffer.from([0xf9, 0x4e, 0x46, 0x4c, 0x4f, 0x47, 0x0d, 0x0a]);
export const RECORD_MAGIC = Buffer.from([0xf9, 0x52, 0x45, 0x43]);
export const EPOCH_MAGIC = Buffer.from([0xf9, 0x45, 0x50, 0x4f]);
const CLUSTER_BYTES_MAX = 32;
const ZONE_BYTES_MAX = 64;

/** Whole and of a version this program does not know: never to be taken for damage. */
export class UnknownLogVersion extends Error {
  override readonly name = 'UnknownLogVersion';
}

export interface FileHeader {
  /** Cluster id, hex. */
  readonly clusterId: string;
  readonly zone: string;
  /** Sequence of the file's first record. */
  readonly firstSequence: number;
}

export interface RecordHeader {
  readonly sequence: number;
  readonly epoch: number;
  readonly payloadLength: number;
  /** CRC-32 of the payload. */
  readonly payloadChecksum: number;
  /** Checksum of the header of the record before, 0 for the first record of all. */
  readonly chain: number;
  /** CRC-32 of this header: what the next record's `chain` repeats. */
  readonly checksum: number;
}

/** A record found in a buffer: its header and where it and its payload lie in the buffer. */
export interface FoundRecord extends RecordHeader {
  readonly start: number;
  readonly end: number;
}

export function encodeFileHeader(header: FileHeader): Buffer {
  const cluster = Buffer.from(header.clusterId, 'hex');
  const zone = Buffer.from(header.zone, 'utf8');
  assert(cluster.length > 0 && cluster.length <= CLUSTER_BYTES_MAX, 'a cluster id is 1 to 32 bytes in hex');
  assert(cluster.toString('hex') === header.clusterId, 'a cluster id is lower-case hex');
  assert(zone.length <= ZONE_BYTES_MAX, `a zone's name is at most ${ZONE_BYTES_MAX} bytes`);
  const bytes = Buffer.alloc(FILE_HEADER_BYTES);
  FILE_MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(LOG_FORMAT_VERSION, 8);
  bytes.writeUInt16LE(FILE_HEADER_BYTES, 10);
  bytes.writeBigUInt64LE(BigInt(header.firstSequence), 12);
  bytes.writeUInt8(cluster.length, 20);
  cluster.copy(bytes, 21);
  bytes.writeUInt8(zone.length, 53);
  zone.copy(bytes, 54);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 124)), 124);
  return bytes;
}

/** Undefined if the bytes are no whole header. Throws UnknownLogVersion. */
export function decodeFileHeader(bytes: Buffer): FileHeader | undefined {
  if (bytes.length < FILE_HEADER_BYTES || !bytes.subarray(0, 8).equals(FILE_MAGIC)) return undefined;
  if (bytes.readUInt32LE(124) !== crc32(bytes.subarray(0, 124))) return undefined;
  requireVersion(bytes.readUInt16LE(8), 'log file');
  return {
    firstSequence: Number(bytes.readBigUInt64LE(12)),
    clusterId: bytes.subarray(21, 21 + bytes.readUInt8(20)).toString('hex'),
    zone: bytes.subarray(54, 54 + bytes.readUInt8(53)).toString('utf8'),
  };
}

/** One record: header and payload. `checksum` is what the next one repeats as its `chain`. */
export function encodeRecord(
  record: Pick<RecordHeader, 'sequence' | 'epoch' | 'chain'>,
  payload: Uint8Array,
): { bytes: Buffer; checksum: number } {
  const bytes = Buffer.allocUnsafe(RECORD_HEADER_BYTES + payload.length);
  RECORD_MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(LOG_FORMAT_VERSION, 4);
  bytes.writeUInt16LE(0, 6);
  bytes.writeBigUInt64LE(BigInt(record.sequence), 8);
  bytes.writeBigUInt64LE(BigInt(record.epoch), 16);
  bytes.writeUInt32LE(payload.length, 24);
  bytes.writeUInt32LE(crc32(payload), 28);
  bytes.writeUInt32LE(record.chain, 32);
  const checksum = crc32(bytes.subarray(0, 36));
  bytes.writeUInt32LE(checksum, 36);
  bytes.set(payload, RECORD_HEADER_BYTES);
  return { bytes, checksum };
}

/** Undefined if no whole header lies at `at`. Throws UnknownLogVersion. */
export function decodeRecordHeader(bytes: Buffer, at = 0): RecordHeader | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length) return undefined;
  if (!bytes.subarray(at, at + 4).equals(RECORD_MAGIC)) return undefined;
  const checksum = bytes.readUInt32LE(at + 36);
  if (checksum !== crc32(bytes.subarray(at, at + 36))) return undefined;
  requireVersion(bytes.readUInt16LE(at + 4), 'log record');
  return {
    sequence: Number(bytes.readBigUInt64LE(at + 8)),
    epoch: Number(bytes.readBigUInt64LE(at + 16)),
    payloadLength: bytes.readUInt32LE(at + 24),
    payloadChecksum: bytes.readUInt32LE(at + 28),
    chain: bytes.readUInt32LE(at + 32),
    checksum,
  };
}

/** The records that lie whole one behind the other from `at` on, each naming the one before as its predecessor. */
export function* scanRecords(bytes: Buffer, at: number): Generator<FoundRecord> {
  let previous: RecordHeader | undefined;
  let start = at;
  for (;;) {
    const header = decodeRecordHeader(bytes, start);
    if (header === undefined || (previous !== undefined && !follows(header, previous))) return;
    const end = start + RECORD_HEADER_BYTES + header.payloadLength;
    if (end > bytes.length) return;
    if (crc32(bytes.subarray(start + RECORD_HEADER_BYTES, end)) !== header.payloadChecksum) return;
    yield { ...header, start, end };
    previous = header;
    start = end;
  }
}

/** Whether a record can be the next one after another. */
export function follows(record: RecordHeader, previous: RecordHeader): boolean {
  return (
    record.sequence === previous.sequence + 1 && record.chain === previous.checksum && record.epoch >= previous.epoch
  );
}

export function encodeEpochFile(epoch: number): Buffer {
  const bytes = Buffer.alloc(EPOCH_FILE_BYTES);
  EPOCH_MAGIC.copy(bytes, 0);
  bytes.writeUInt16LE(LOG_FORMAT_VERSION, 4);
  bytes.writeBigUInt64LE(BigInt(epoch), 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16)), 16);
  return bytes;
}

/** Undefined if the bytes are no epoch file. Throws UnknownLogVersion. */
export function decodeEpochFile(bytes: Buffer): number | undefined {
  if (bytes.length !== EPOCH_FILE_BYTES || !bytes.subarray(0, 4).equals(EPOCH_MAGIC)) return undefined;
  if (bytes.readUInt32LE(16) !== crc32(bytes.subarray(0, 16))) return undefined;
  requireVersion(bytes.readUInt16LE(4), 'epoch file');
  return Number(bytes.readBigUInt64LE(8));
}

function requireVersion(version: number, what: string): void {
  if (version !== LOG_FORMAT_VERSION) {
    throw new UnknownLogVersion(`A ${what} has format version ${version}; this program knows ${LOG_FORMAT_VERSION}.`);
  }
}
