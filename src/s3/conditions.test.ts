import { describe, expect, test } from 'vitest';
import {
  type CopySourceConditions,
  checkCopySourceConditions,
  checkReadConditions,
  deleteConditions,
  ifRangeHolds,
  parseEtags,
  type ReadConditions,
  writeConditions,
} from './conditions.ts';

const etag = '5d41402abc4b2a76b9719d911017c592';
/** Within a second, which no header can express. */
const checked = { etag, lastModifiedMs: Date.UTC(2024, 0, 2, 3, 4, 5, 678) };
const before = new Date('2024-01-02T03:04:04Z');
const exactly = new Date('2024-01-02T03:04:05Z');
const after = new Date('2024-01-02T03:04:06Z');

describe('parseEtags', () => {
  test.each([
    ['quoted → without quotes', '"a"', ['a']],
    ['bare → as it is', 'a', ['a']],
    ['list → each', '"a", b ,"c-3"', ['a', 'b', 'c-3']],
    ['weak → without the mark', 'W/"a"', ['a']],
    ['star → star', '*', ['*']],
    ['empty → none', '', []],
    ['empty items → left out', ' , "a",,', ['a']],
  ])('%s', (_condition, header, expected) => {
    expect(parseEtags(header)).toEqual(expected);
  });
});

describe('checkReadConditions', () => {
  test.each<[condition: string, conditions: ReadConditions, outcome: number]>([
    ['no condition → read', {}, 200],
    ['If-Match with its ETag → read', { IfMatch: `"${etag}"` }, 200],
    ['If-Match with its ETag without quotes → read', { IfMatch: etag }, 200],
    ['If-Match with a list that has it → read', { IfMatch: `"other", "${etag}"` }, 200],
    ['If-Match with a star → read', { IfMatch: '*' }, 200],
    ['If-Match with another ETag → 412', { IfMatch: '"other"' }, 412],
    ['If-Match that is empty → 412', { IfMatch: '' }, 412],
    ['If-None-Match with its ETag → 304', { IfNoneMatch: `"${etag}"` }, 304],
    ['If-None-Match with a star → 304', { IfNoneMatch: '*' }, 304],
    ['If-None-Match with another ETag → read', { IfNoneMatch: '"other"' }, 200],
    ['If-Modified-Since before → read', { IfModifiedSince: before }, 200],
    ['If-Modified-Since the same second → 304', { IfModifiedSince: exactly }, 304],
    ['If-Modified-Since after → 304', { IfModifiedSince: after }, 304],
    ['If-Unmodified-Since before → 412', { IfUnmodifiedSince: before }, 412],
    ['If-Unmodified-Since the same second → read', { IfUnmodifiedSince: exactly }, 200],
    ['If-Unmodified-Since after → read', { IfUnmodifiedSince: after }, 200],
    ['If-Match holds, If-Unmodified-Since does not → read', { IfMatch: etag, IfUnmodifiedSince: before }, 200],
    ['If-Match does not hold, If-Unmodified-Since does → 412', { IfMatch: 'x', IfUnmodifiedSince: after }, 412],
    ['If-None-Match holds, If-Modified-Since does not → read', { IfNoneMatch: 'x', IfModifiedSince: after }, 200],
    ['If-None-Match does not hold, If-Modified-Since does → 304', { IfNoneMatch: etag, IfModifiedSince: before }, 304],
    ['If-Match and If-None-Match with its ETag → 304', { IfMatch: etag, IfNoneMatch: etag }, 304],
    ['If-Match and If-None-Match with another ETag → 412', { IfMatch: 'x', IfNoneMatch: etag }, 412],
  ])('%s', (_condition, conditions, outcome) => {
    const check = () => checkReadConditions(conditions, checked);
    if (outcome === 200) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ status: outcome }));
  });

  test('412 → names the condition', () => {
    expect(() => checkReadConditions({ IfUnmodifiedSince: before }, checked)).toThrow(
      expect.objectContaining({ fields: { Condition: 'If-Unmodified-Since' } }),
    );
  });

  test('304 → carries ETag, Last-Modified and the headers given', () => {
    expect(() => checkReadConditions({ IfNoneMatch: '*' }, checked, { 'Cache-Control': 'no-cache' })).toThrow(
      expect.objectContaining({
        headers: {
          ETag: `"${etag}"`,
          'Last-Modified': 'Tue, 02 Jan 2024 03:04:05 GMT',
          'Cache-Control': 'no-cache',
        },
      }),
    );
  });
});

describe('checkCopySourceConditions', () => {
  test.each<[condition: string, conditions: CopySourceConditions, failed: string | undefined]>([
    ['If-Match with its ETag → copied', { CopySourceIfMatch: etag }, undefined],
    ['If-Match with another → 412', { CopySourceIfMatch: 'x' }, 'x-amz-copy-source-If-Match'],
    ['If-None-Match with its ETag → 412, not 304', { CopySourceIfNoneMatch: etag }, 'x-amz-copy-source-If-None-Match'],
    ['If-None-Match with another → copied', { CopySourceIfNoneMatch: 'x' }, undefined],
    [
      'If-Modified-Since after → 412, not 304',
      { CopySourceIfModifiedSince: after },
      'x-amz-copy-source-If-Modified-Since',
    ],
    [
      'If-Match beats If-Unmodified-Since → copied',
      { CopySourceIfMatch: etag, CopySourceIfUnmodifiedSince: before },
      undefined,
    ],
    [
      'If-None-Match beats If-Modified-Since → 412',
      { CopySourceIfNoneMatch: etag, CopySourceIfModifiedSince: before },
      'x-amz-copy-source-If-None-Match',
    ],
  ])('%s', (_condition, conditions, failed) => {
    const check = () => checkCopySourceConditions(conditions, checked);
    if (failed === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ status: 412, fields: { Condition: failed } }));
  });
});

describe('writeConditions and deleteConditions', () => {
  test('none → undefined', () => {
    expect(writeConditions({})).toBeUndefined();
    expect(deleteConditions({ etag: undefined, lastModified: undefined, size: undefined })).toBeUndefined();
  });

  test('If-Match → its ETags', () => {
    expect(writeConditions({ IfMatch: '"a"' })).toEqual({ ifMatch: ['a'] });
  });

  test('If-None-Match with a star → no current version', () => {
    expect(writeConditions({ IfNoneMatch: '*' })).toEqual({ ifNoneMatch: '*' });
  });

  test('If-None-Match with an ETag → NotImplemented', () => {
    expect(() => writeConditions({ IfNoneMatch: '"a"' })).toThrow(
      expect.objectContaining({ code: 'NotImplemented', fields: { Header: 'If-None-Match' } }),
    );
  });

  test('conditions of a delete → each by itself, also a size of zero', () => {
    expect(deleteConditions({ etag: '"a"', lastModified: exactly, size: 0 })).toEqual({
      ifMatch: ['a'],
      ifMatchLastModifiedMs: exactly.getTime(),
      ifMatchSize: 0,
    });
  });
});

describe('ifRangeHolds', () => {
  test.each([
    ['no header → holds', undefined, true],
    ['its ETag → holds', `"${etag}"`, true],
    ['its ETag without quotes → holds', etag, true],
    ['another ETag → does not', '"other"', false],
    ['weak ETag → does not', `W/"${etag}"`, false],
    ['its date → holds', 'Tue, 02 Jan 2024 03:04:05 GMT', true],
    ['a later date → does not', 'Tue, 02 Jan 2024 03:04:06 GMT', false],
  ])('%s', (_condition, header, expected) => {
    expect(ifRangeHolds(header, checked)).toBe(expected);
  });
});
