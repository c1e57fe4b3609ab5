import { describe, expect, test } from 'vitest';
import { isBucketName } from './bucket-names.ts';

describe('isBucketName', () => {
  test.each([
    ['three characters', 'abc'],
    ['63 characters', 'a'.repeat(63)],
    ['digits at both ends', '0bucket9'],
    ['dots and hyphens inside', 'my.bucket-name'],
    ['digits and dots that are no address', '1.2.3'],
    ['five numbers', '1.2.3.4.5'],
    ['two hyphens inside', 'a--b'],
  ])('%s → accepted', (_condition, name) => {
    expect(isBucketName(name)).toBe(true);
  });

  test.each([
    ['empty', ''],
    ['two characters', 'ab'],
    ['64 characters', 'a'.repeat(64)],
    ['capital', 'Bucket'],
    ['underscore', 'my_bucket'],
    ['space', 'my bucket'],
    ['line end after a good name', 'bucket\n'],
    ['letter beyond ASCII', 'büro'],
    ['hyphen first', '-bucket'],
    ['hyphen last', 'bucket-'],
    ['dot first', '.bucket'],
    ['dot last', 'bucket.'],
    ['two dots', 'my..bucket'],
    ['dot before hyphen', 'my.-bucket'],
    ['hyphen before dot', 'my-.bucket'],
    ['address', '192.168.5.4'],
    ['reserved prefix of international names', 'xn--bucket'],
    ['reserved prefix', 'sthree-bucket'],
    ['reserved prefix of examples', 'amzn-s3-demo-bucket'],
    ['suffix of access point aliases', 'bucket-s3alias'],
    ['suffix of object lambda', 'bucket--ol-s3'],
    ['suffix of multi-region access points', 'bucket.mrap'],
    ['suffix of directory buckets', 'bucket--use1-az4--x-s3'],
    ['suffix of table buckets', 'bucket--table-s3'],
    ['suffix of account regional names', 'bucket-an'],
  ])('%s → refused', (_condition, name) => {
    expect(isBucketName(name)).toBe(false);
  });
});
