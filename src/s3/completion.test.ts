import { describe, expect, test } from 'vitest';
import type { Checksum, Upload } from '../engine/types.ts';
import { checkChecksumType, checkWhole, parseListedParts } from './completion.ts';

const plain: Upload = {
  uploadId: 'u',
  bucketId: 1,
  key: 'k',
  initiatedMs: 0,
  attributes: { owner: 'o', storageClass: 'STANDARD', headers: {}, metadata: {}, tags: [] },
};
const composite: Upload = { ...plain, checksumAlgorithm: 'SHA256', checksumType: 'COMPOSITE' };
const whole: Upload = { ...plain, checksumAlgorithm: 'CRC32', checksumType: 'FULL_OBJECT' };

describe('parseListedParts', () => {
  test('ETags with and without quotes → without', () => {
    const parts = [
      { PartNumber: 1, ETag: '"a"' },
      { PartNumber: 2, ETag: 'b' },
    ];
    expect(parseListedParts(parts, plain)).toEqual([
      { partNumber: 1, etag: 'a' },
      { partNumber: 2, etag: 'b' },
    ]);
  });

  test.each([
    ['no list', undefined],
    ['an empty list', []],
    ['a part without ETag', [{ PartNumber: 1 }]],
    ['a part without number', [{ ETag: 'a' }]],
    ['more parts than an upload can have', Array.from({ length: 10_001 }, () => ({ PartNumber: 1, ETag: 'a' }))],
  ])('%s → MalformedXML', (_condition, parts) => {
    expect(() => parseListedParts(parts, plain)).toThrow(expect.objectContaining({ code: 'MalformedXML' }));
  });

  test.each([0, -1, 10_001])('part number %i → InvalidArgument', (PartNumber) => {
    expect(() => parseListedParts([{ PartNumber, ETag: 'a' }], plain)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument' }),
    );
  });

  test("checksum of the upload's algorithm → taken", () => {
    const part = { PartNumber: 1, ETag: 'a', ChecksumSHA256: 'x' };
    expect(parseListedParts([part], composite)).toEqual([{ partNumber: 1, etag: 'a', checksum: 'x' }]);
  });

  test('checksum of another algorithm → InvalidRequest that names both', () => {
    const part = { PartNumber: 1, ETag: 'a', ChecksumCRC32: 'x' };
    expect(() => parseListedParts([part], composite)).toThrow(
      expect.objectContaining({ code: 'InvalidRequest', message: expect.stringMatching(/sha256.*crc32/) }),
    );
  });

  test('no checksum where the whole is COMPOSITE → InvalidRequest that names the part', () => {
    expect(() => parseListedParts([{ PartNumber: 7, ETag: 'a' }], composite)).toThrow(
      expect.objectContaining({ code: 'InvalidRequest', message: expect.stringContaining('missing for part 7') }),
    );
  });

  test('no checksum where the whole is FULL_OBJECT → accepted', () => {
    expect(parseListedParts([{ PartNumber: 1, ETag: 'a' }], whole)).toEqual([{ partNumber: 1, etag: 'a' }]);
  });

  test('any checksum after completion → taken, for the engine to compare', () => {
    const part = { PartNumber: 1, ETag: 'a', ChecksumSHA1: 'x' };
    expect(parseListedParts([part], undefined)).toEqual([{ partNumber: 1, etag: 'a', checksum: 'x' }]);
  });
});

describe('checkChecksumType', () => {
  test('the type of the upload, or none → accepted', () => {
    expect(() => checkChecksumType(composite, 'COMPOSITE')).not.toThrow();
    expect(() => checkChecksumType(composite, undefined)).not.toThrow();
    expect(() => checkChecksumType(plain, 'FULL_OBJECT')).not.toThrow();
  });

  test('another type → InvalidRequest', () => {
    expect(() => checkChecksumType(composite, 'FULL_OBJECT')).toThrow(
      expect.objectContaining({ code: 'InvalidRequest' }),
    );
  });
});

describe('checkWhole', () => {
  const checksum: Checksum = { algorithm: 'SHA256', type: 'COMPOSITE', value: 'abc=-2' };

  test.each([
    ['nothing expected', {}],
    ['its size', { MpuObjectSize: 5 }],
    ['its checksum', { ChecksumSHA256: 'abc=-2' }],
    ['its checksum without the number of parts', { ChecksumSHA256: 'abc=' }],
  ])('%s → accepted', (_condition, expected) => {
    expect(() => checkWhole(expected, { size: 5, checksum })).not.toThrow();
  });

  test.each([
    ['another size', { MpuObjectSize: 4 }, 'InvalidRequest'],
    ['size zero of an object that has bytes', { MpuObjectSize: 0 }, 'InvalidRequest'],
    ['another checksum', { ChecksumSHA256: 'abd=-2' }, 'BadDigest'],
    ['another number of parts', { ChecksumSHA256: 'abc=-3' }, 'BadDigest'],
    ['checksum of another algorithm', { ChecksumCRC32: 'abc=' }, 'InvalidRequest'],
  ])('%s → %s', (_condition, expected, code) => {
    expect(() => checkWhole(expected, { size: 5, checksum })).toThrow(expect.objectContaining({ code }));
  });

  test('a checksum where none could be computed → BadDigest', () => {
    expect(() => checkWhole({ ChecksumCRC32: 'x' }, { size: 5 })).toThrow(
      expect.objectContaining({ code: 'BadDigest' }),
    );
  });
});
