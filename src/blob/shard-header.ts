/**
 * The header of a stripe on one shard: 128 bytes, little-endian, checksummed. It names where it belongs, so that a stale
 * or misdirected write is as detectable as a flipped bit.
 *
 *     0  8  magic `N9STRIPE`            40  4  data unit U, bytes
 *     8  2  version, 1                  44  4  data length of the stripe, at most k U
 *    10  1  data shards, k              48  4  directory length of the stripe, at most k V
 *    11  1  parity shards               52  4  directory unit V, bytes
 *    12  1  shard index, from 0         56 16  CRC-32 of each 64 KiB block of the data unit; 0 where there is none
 *    13  1  zero                        72  4  CRC-32 of the directory unit
 *    14  2  header length, 128          76 48  zero
 *    16 16  segment id                 124  4  CRC-32 of bytes 0–123
 *    32  8  offset of the stripe
 */
import assert from 'node:assert';
import { crc32 } from '../lib/digests/crc/crc32.ts';
import { findSchemeOf, SCHEMES, type SchemeName } from './scheme.ts';
import { BLOCKS_PER_UNIT_MAX, blockCount, HEADER_BYTES, UNIT_BYTES_MAX } from './stripe.ts';

const MAGIC = Buffer.from('N9STRIPE', 'latin1');
export const HEADER_MAGIC: Uint8Array = MAGIC;
export const FORMAT_VERSION = 1;
/** Largest directory unit: a directory is coded in the same buffers as data. */
export const DIRECTORY_UNIT_BYTES_MAX = UNIT_BYTES_MAX;

export interface ShardHeader {
  readonly scheme: SchemeName;
  /** Shard index, from 0. */
  readonly shard: number;
  /** Segment id, 32 hex digits. */
  readonly segment: string;
  /** Offset of the stripe in the shard file. */
  readonly offset: number;
  /** Data unit in bytes. */
  readonly unit: number;
  /** Data bytes of the whole stripe. */
  readonly dataLength: number;
  /** Directory bytes of the whole stripe. */
  readonly directoryLength: number;
  /** Directory unit in bytes. */
  readonly directoryUnit: number;
  /** CRC-32 of each block of the data unit, in order. */
  readonly blockCrcs: readonly number[];
  readonly directoryCrc: number;
}

/** Writes a header into `target` (128 bytes). */
export function encodeShardHeader(header: ShardHeader, target: Buffer): void {
  assert(target.length === HEADER_BYTES, 'a header is 128 bytes');
  assert(header.blockCrcs.length === blockCount(header.unit), 'every block has its checksum');
  target.fill(0);
  MAGIC.copy(target);
  target.writeUInt16LE(FORMAT_VERSION, 8);
  const { dataShards, parityShards } = SCHEMES[header.scheme];
  target.writeUInt8(dataShards, 10);
  target.writeUInt8(parityShards, 11);
  target.writeUInt8(header.shard, 12);
  target.writeUInt16LE(HEADER_BYTES, 14);
  assert(target.write(header.segment, 16, 16, 'hex') === 16, 'a segment id is 16 bytes');
  target.writeBigUInt64LE(BigInt(header.offset), 32);
  target.writeUInt32LE(header.unit, 40);
  target.writeUInt32LE(header.dataLength, 44);
  target.writeUInt32LE(header.directoryLength, 48);
  target.writeUInt32LE(header.directoryUnit, 52);
  header.blockCrcs.forEach((crc, i) => {
    target.writeUInt32LE(crc, 56 + 4 * i);
  });
  target.writeUInt32LE(header.directoryCrc, 72);
  target.writeUInt32LE(crc32(target.subarray(0, 124)), 124);
}

export type DecodedHeader =
  | { readonly ok: true; readonly header: ShardHeader }
  | { readonly ok: false; readonly reason: string };

/** Reads a header; `reason` says in words what is wrong with one that cannot be trusted. */
export function decodeShardHeader(bytes: Buffer): DecodedHeader {
  const bad = (reason: string): DecodedHeader => ({ ok: false, reason });
  if (bytes.length < HEADER_BYTES) return bad('shorter than a header');
  if (!bytes.subarray(0, 8).equals(MAGIC)) return bad('no magic');
  if (bytes.readUInt32LE(124) !== crc32(bytes.subarray(0, 124))) return bad('header checksum does not match');
  if (bytes.readUInt16LE(8) !== FORMAT_VERSION) return bad(`unknown version ${bytes.readUInt16LE(8)}`);
  const scheme = findSchemeOf({ data: bytes.readUInt8(10), parity: bytes.readUInt8(11) });
  if (!scheme) return bad(`unknown scheme ${bytes.readUInt8(10)}+${bytes.readUInt8(11)}`);
  if (bytes.readUInt16LE(14) !== HEADER_BYTES) return bad('unknown header length');
  const unit = bytes.readUInt32LE(40);
  const directoryUnit = bytes.readUInt32LE(52);
  const header: ShardHeader = {
    scheme: scheme.name,
    shard: bytes.readUInt8(12),
    segment: bytes.toString('hex', 16, 32),
    offset: Number(bytes.readBigUInt64LE(32)),
    unit,
    dataLength: bytes.readUInt32LE(44),
    directoryLength: bytes.readUInt32LE(48),
    directoryUnit,
    blockCrcs: Array.from({ length: Math.min(blockCount(unit), BLOCKS_PER_UNIT_MAX) }, (_, i) =>
      bytes.readUInt32LE(56 + 4 * i),
    ),
    directoryCrc: bytes.readUInt32LE(72),
  };
  if (header.shard >= scheme.shards) return bad('no such shard');
  if (unit > UNIT_BYTES_MAX || unit % 16 !== 0 || header.dataLength > scheme.dataShards * unit)
    return bad('bad data lengths');
  if (directoryUnit > DIRECTORY_UNIT_BYTES_MAX || directoryUnit % 16 !== 0) return bad('bad directory unit');
  if (header.directoryLength > scheme.dataShards * directoryUnit) return bad('bad directory length');
  return { ok: true, header };
}

/** Checksums of the blocks of a data unit. */
export function blockChecksums(unit: Uint8Array, blockBytes: number): number[] {
  const checksums: number[] = [];
  for (let at = 0; at < unit.length; at += blockBytes) checksums.push(crc32(unit.subarray(at, at + blockBytes)));
  return checksums;
}
