import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  decodeEpochFile,
  decodeFileHeader,
  decodeRecordHeader,
  encodeEpochFile,
  encodeFileHeader,
  encodeRecord,
  RECORD_HEADER_BYTES,
  scanRecords,
  UnknownLogVersion,
} from './codec.ts';
import { decodePayload, encodeCommand, encodePayload } from './payload.ts';

const HEADER = { clusterId: '00112233445566778899aabbccddeeff', zone: 'zone-a', firstSequence: 7 };
const COMMAND = { type: 'delete-bucket', bucketId: 3 } as const;

/** Version 1 as it was first written: these bytes are on disks and must be read for ever. */
const GOLDEN_FILE_HEADER =
  'f94e464c4f470d0a0100800007000000000000001000112233445566778899aabbccddeeff00000000000000000000000000000000067a6f6e652d6163d715cc';
const GOLDEN_RECORD =
  'f9524543010000000700000000000000020000000000000027000000fd1719240403020143f3772b5b7b2274797065223a2264656c6574652d6275636b6574222c226275636b65744964223a337d5d';
const GOLDEN_EPOCH = 'f945504f01000000020100000000000035112689';

/** The header but for the zeros between what it says and its checksum. */
function goldenFileHeader(): Buffer {
  const bytes = Buffer.from(GOLDEN_FILE_HEADER, 'hex');
  return Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(64), bytes.subarray(60)]);
}

test('version 1 is written as it always was', () => {
  const bytes = encodeFileHeader(HEADER);
  expect(bytes.subarray(0, 60).toString('hex') + bytes.subarray(124).toString('hex')).toBe(GOLDEN_FILE_HEADER);
  const record = encodeRecord({ sequence: 7, epoch: 2, chain: 0x01020304 }, encodePayload([encodeCommand(COMMAND)]));
  expect(record.bytes.toString('hex')).toBe(GOLDEN_RECORD);
  expect(encodeEpochFile(258).toString('hex')).toBe(GOLDEN_EPOCH);
});

test('version 1 is read as it always was', () => {
  expect(decodeFileHeader(goldenFileHeader())).toEqual(HEADER);
  const bytes = Buffer.from(GOLDEN_RECORD, 'hex');
  const [record] = scanRecords(bytes, 0);
  expect(record).toMatchObject({ sequence: 7, epoch: 2, chain: 0x01020304, start: 0, end: bytes.length });
  expect(decodePayload(bytes.subarray(RECORD_HEADER_BYTES))).toEqual([COMMAND]);
  expect(decodeEpochFile(Buffer.from(GOLDEN_EPOCH, 'hex'))).toBe(258);
});

test('any bit of a header or payload flipped → not taken for a whole one', () => {
  const file = encodeFileHeader(HEADER);
  const { bytes } = encodeRecord({ sequence: 1, epoch: 1, chain: 0 }, Buffer.from('[]'));
  const epoch = encodeEpochFile(5);
  eachFlip(file, (flipped) => expect(decodeFileHeader(flipped)).toBeUndefined());
  eachFlip(bytes, (flipped) => expect(Array.from(scanRecords(flipped, 0))).toEqual([]));
  eachFlip(epoch, (flipped) => expect(decodeEpochFile(flipped)).toBeUndefined());
});

function eachFlip(bytes: Buffer, check: (flipped: Buffer) => void): void {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    check(flipped);
  }
}

test('a whole header of another version → UnknownLogVersion, never damage', () => {
  const { bytes } = encodeRecord({ sequence: 1, epoch: 1, chain: 0 }, Buffer.from('[]'));
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 36)), 36);
  expect(() => decodeRecordHeader(bytes)).toThrow(UnknownLogVersion);
});

test('records that do not follow one another → the scan ends before the first that does not', () => {
  const first = encodeRecord({ sequence: 1, epoch: 2, chain: 0 }, Buffer.from('[]'));
  const second = { sequence: 2, epoch: 2, chain: first.checksum };
  const count = (next: typeof second) =>
    Array.from(scanRecords(Buffer.concat([first.bytes, encodeRecord(next, Buffer.from('[]')).bytes]), 0)).length;
  expect(count(second)).toBe(2);
  expect(count({ ...second, sequence: 3 })).toBe(1);
  expect(count({ ...second, chain: 1 })).toBe(1);
  expect(count({ ...second, epoch: 1 })).toBe(1);
});

test('a payload that looks like a record → the scan does not step into it', () => {
  const inner = encodeRecord({ sequence: 2, epoch: 1, chain: 0 }, Buffer.from('[]'));
  const outer = encodeRecord({ sequence: 1, epoch: 1, chain: 0 }, inner.bytes);
  expect(Array.from(scanRecords(outer.bytes.subarray(0, -1), 0))).toEqual([]);
});
