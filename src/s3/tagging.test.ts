import { describe, expect, test } from 'vitest';
import { parseBucketTags, parseObjectTags, parseTaggingHeader, tagElements } from './tagging.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ Key: `k${n}`, Value: '' }));

describe('parseTaggingHeader', () => {
  test.each([
    ['one tag → read', 'a=b', [{ key: 'a', value: 'b' }]],
    [
      'several → in order',
      'b=1&a=2',
      [
        { key: 'b', value: '1' },
        { key: 'a', value: '2' },
      ],
    ],
    ['no value → empty', 'a', [{ key: 'a', value: '' }]],
    ['equals sign in the value → kept', 'a=b=c', [{ key: 'a', value: 'b=c' }]],
    ['plus and percent → decoded', 'a+b=c%2Bd%20%C3%BC', [{ key: 'a b', value: 'c+d ü' }]],
    ['empty → no tags', '', []],
  ])('%s', (_condition, header, expected) => {
    expect(parseTaggingHeader(header)).toEqual(expected);
  });

  test.each([
    ['a key twice', 'a=1&a=2'],
    ['a percent sign that encodes nothing', 'a=%zz'],
    ['bytes that are no UTF-8', 'a=%ff'],
  ])('%s → InvalidArgument with the header', (_condition, header) => {
    expect(() => parseTaggingHeader(header)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        fields: { ArgumentName: 'x-amz-tagging', ArgumentValue: header },
      }),
    );
  });

  test('eleven tags → BadRequest', () => {
    const header = numbered(11)
      .map(({ Key }) => `${Key}=`)
      .join('&');
    expect(() => parseTaggingHeader(header)).toThrow(
      expect.objectContaining({ code: 'BadRequest', message: 'Object tags cannot be greater than 10' }),
    );
  });

  test('no key → InvalidTag', () => {
    expect(() => parseTaggingHeader('=b')).toThrow(expect.objectContaining({ code: 'InvalidTag' }));
  });
});

describe('tag sets', () => {
  test('ten tags on an object, fifty on a bucket → accepted', () => {
    expect(parseObjectTags(numbered(10))).toHaveLength(10);
    expect(parseBucketTags(numbered(50))).toHaveLength(50);
  });

  test('one more → BadRequest', () => {
    expect(() => parseObjectTags(numbered(11))).toThrow(expect.objectContaining({ code: 'BadRequest' }));
    expect(() => parseBucketTags(numbered(51))).toThrow(expect.objectContaining({ code: 'BadRequest' }));
  });

  test.each([
    ['128 characters of key, 256 of value', 'k'.repeat(128), 'v'.repeat(256)],
    ['letters of any script, spaces and the signs S3 allows', 'Größe 大 1', 'a_b.c:d/e=f+g-h@i'],
    ['a key that only contains aws:', 'xaws:', ''],
  ])('%s → accepted', (_condition, Key, Value) => {
    expect(parseObjectTags([{ Key, Value }])).toEqual([{ key: Key, value: Value }]);
  });

  test.each([
    ['empty key', '', '', ''],
    ['key of 129 characters', 'k'.repeat(129), '', 'k'.repeat(129)],
    ['value of 257 characters', 'k', 'v'.repeat(257), 'k'],
    ['sign that is not allowed in a key', 'a*', '', 'a*'],
    ['sign that is not allowed in a value', 'a', 'b#', 'a'],
    ['key of the system', 'aws:x', '', 'aws:x'],
    ['key of the system in capitals', 'AWS:x', '', 'AWS:x'],
  ])('%s → InvalidTag with the key', (_condition, Key, Value, tagKey) => {
    expect(() => parseObjectTags([{ Key, Value }])).toThrow(
      expect.objectContaining({ code: 'InvalidTag', fields: expect.objectContaining({ TagKey: tagKey }) }),
    );
  });

  test('a key twice → InvalidTag that says so', () => {
    const twice = [
      { Key: 'a', Value: '1' },
      { Key: 'a', Value: '2' },
    ];
    expect(() => parseBucketTags(twice)).toThrow(
      expect.objectContaining({
        code: 'InvalidTag',
        message: 'Cannot provide multiple Tags with the same key',
        fields: { TagKey: 'a' },
      }),
    );
  });

  test('keys that differ in case → two tags, given back as they came', () => {
    const elements = [
      { Key: 'a', Value: '1' },
      { Key: 'A', Value: '2' },
    ];
    expect(tagElements(parseObjectTags(elements))).toEqual(elements);
  });
});
