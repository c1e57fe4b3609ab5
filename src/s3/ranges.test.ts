import { describe, expect, test } from 'vitest';
import { formatContentRange, parseCopyRange, parseRange } from './ranges.ts';

describe('parseRange', () => {
  test.each<[condition: string, header: string | undefined, expected: { start: number; end: number } | undefined]>([
    ['no header → whole', undefined, undefined],
    ['first and last → last is included', 'bytes=2-4', { start: 2, end: 5 }],
    ['one byte → that byte', 'bytes=9-9', { start: 9, end: 10 }],
    ['open end → to the end', 'bytes=3-', { start: 3, end: 10 }],
    ['last beyond the end → cut', 'bytes=3-999999999999999999999999', { start: 3, end: 10 }],
    ['suffix → the last bytes', 'bytes=-4', { start: 6, end: 10 }],
    ['suffix longer than the object → whole as a range', 'bytes=-11', { start: 0, end: 10 }],
    ['unit in capitals → read', 'Bytes=0-0', { start: 0, end: 1 }],
    ['inverted → ignored', 'bytes=5-4', undefined],
    ['inverted beyond the end → ignored', 'bytes=50-40', undefined],
    ['neither end → ignored', 'bytes=-', undefined],
    ['several → ignored', 'bytes=0-1,3-4', undefined],
    ['a comma alone → ignored', 'bytes=,', undefined],
    ['another unit → ignored', 'lines=0-1', undefined],
    ['no unit → ignored', '0-1', undefined],
    ['negative number → ignored', 'bytes=--1', undefined],
    ['letters → ignored', 'bytes=a-b', undefined],
    ['fraction → ignored', 'bytes=0-1.5', undefined],
    ['empty → ignored', '', undefined],
  ])('%s', (_condition, header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected);
  });

  test.each([
    ['start at the end', 'bytes=10-', 10],
    ['start beyond the end', 'bytes=11-12', 10],
    ['start beyond any number', 'bytes=99999999999999999999999-', 10],
    ['suffix of nothing', 'bytes=-0', 10],
    ['any range of an empty object', 'bytes=0-', 0],
    ['a suffix of an empty object', 'bytes=-1', 0],
  ])('%s → InvalidRange with the range and the size', (_condition, header, size) => {
    expect(() => parseRange(header, size)).toThrow(
      expect.objectContaining({
        code: 'InvalidRange',
        status: 416,
        fields: { RangeRequested: header, ActualObjectSize: String(size) },
      }),
    );
  });

  test('a range → Content-Range with its last byte included', () => {
    expect(formatContentRange({ start: 2, end: 5 }, 10)).toBe('bytes 2-4/10');
  });
});

describe('parseCopyRange', () => {
  test.each([
    ['no header → whole', undefined, { start: 0, end: 10 }],
    ['exact range → read', 'bytes=0-9', { start: 0, end: 10 }],
    ['inner range → read', 'bytes=3-4', { start: 3, end: 5 }],
  ])('%s', (_condition, header, expected) => {
    expect(parseCopyRange(header, 10)).toEqual(expected);
  });

  test.each(['0-2', 'bytes=0', 'bytes=hello-world', 'bytes=0-', 'bytes=-3', 'bytes=0-2,3-5', 'bytes=4-3', ''])(
    '%j → InvalidArgument on its form',
    (header) => {
      expect(() => parseCopyRange(header, 10)).toThrow(
        expect.objectContaining({ code: 'InvalidArgument', message: expect.stringContaining('must be of the form') }),
      );
    },
  );

  test('last byte beyond the source → InvalidArgument that names its size', () => {
    expect(() => parseCopyRange('bytes=0-10', 10)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: 'Range specified is not valid for source object of size: 10',
      }),
    );
  });
});
