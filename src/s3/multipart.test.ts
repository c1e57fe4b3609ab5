import { describe, expect, test } from 'vitest';
import type { Upload } from '../engine/types.ts';
import { chosenAlgorithm } from './checksum-members.ts';
import { parseUploadChecksum, partAlgorithm } from './multipart.ts';

const upload: Upload = {
  uploadId: 'u',
  bucketId: 1,
  key: 'k',
  initiatedMs: 0,
  attributes: { owner: 'o', storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] },
};

describe('parseUploadChecksum', () => {
  test.each([
    ['nothing named → nothing', undefined, undefined, {}],
    ['CRC64NVME → FULL_OBJECT', 'CRC64NVME', undefined, 'FULL_OBJECT'],
    ['CRC32 → COMPOSITE', 'CRC32', undefined, 'COMPOSITE'],
    ['SHA256 → COMPOSITE', 'SHA256', undefined, 'COMPOSITE'],
    ['CRC32C as FULL_OBJECT → as asked', 'CRC32C', 'FULL_OBJECT', 'FULL_OBJECT'],
  ] as const)('%s', (_condition, algorithm, type, expected) => {
    const result = typeof expected === 'string' ? { checksumAlgorithm: algorithm, checksumType: expected } : expected;
    expect(parseUploadChecksum(algorithm, type)).toEqual(result);
  });

  test.each([
    ['a type without an algorithm', undefined, 'COMPOSITE'],
    ['CRC64NVME as COMPOSITE', 'CRC64NVME', 'COMPOSITE'],
    ['SHA1 as FULL_OBJECT', 'SHA1', 'FULL_OBJECT'],
    ['XXHASH3 as FULL_OBJECT', 'XXHASH3', 'FULL_OBJECT'],
  ] as const)('%s → InvalidRequest', (_condition, algorithm, type) => {
    expect(() => parseUploadChecksum(algorithm, type)).toThrow(expect.objectContaining({ code: 'InvalidRequest' }));
  });
});

describe('partAlgorithm', () => {
  test("none of the upload's → CRC64NVME, whatever the part carries", () => {
    expect(partAlgorithm(upload, undefined)).toBe('CRC64NVME');
    expect(partAlgorithm(upload, 'CRC32')).toBe('CRC64NVME');
  });

  test("the upload's, or none, for the part → the upload's", () => {
    const summed: Upload = { ...upload, checksumAlgorithm: 'SHA1', checksumType: 'COMPOSITE' };
    expect(partAlgorithm(summed, undefined)).toBe('SHA1');
    expect(partAlgorithm(summed, 'SHA1')).toBe('SHA1');
  });

  test('another for the part → InvalidRequest that names both', () => {
    const summed: Upload = { ...upload, checksumAlgorithm: 'SHA1', checksumType: 'COMPOSITE' };
    expect(() => partAlgorithm(summed, 'CRC32')).toThrow(/expected checksum Type: sha1, actual checksum Type: crc32/);
  });
});

describe('chosenAlgorithm', () => {
  test.each([
    ['by name', { ChecksumAlgorithm: 'SHA256' }, undefined, 'SHA256'],
    ['by its header', { ChecksumCRC32C: 'x' }, undefined, 'CRC32C'],
    ['by its trailer', {}, 'x-amz-checksum-crc64nvme', 'CRC64NVME'],
    ['by its trailer among others', {}, 'x-other, X-Amz-Checksum-SHA1', 'SHA1'],
    ['not at all', {}, 'x-other', undefined],
  ] as const)('%s → %s', (_condition, input, trailers, expected) => {
    expect(chosenAlgorithm(input, trailers)).toBe(expected);
  });
});
