/** The language of policies in forms: what is a document, and what a form must be. */
import { describe, expect, test } from 'vitest';
import { checkUploadPolicy } from './check-policy.ts';
import { readUploadPolicy } from './policy-document.ts';
import type { FormField } from './upload-form.ts';

const expiration = '2026-01-02T12:00:00.000Z';
const nowMs = Date.parse(expiration) - 1000;
const encode = (text: string) => Buffer.from(text).toString('base64');
const bucket = { bucket: 'photos' };

function read(document: unknown) {
  return readUploadPolicy(encode(typeof document === 'string' ? document : JSON.stringify(document)));
}

function fieldsOf(given: Readonly<Record<string, string>>): ReadonlyMap<string, FormField> {
  return new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), { name, value }]));
}

function check(conditions: readonly unknown[], fields: Readonly<Record<string, string>>, now = nowMs) {
  const policy = read({ expiration, conditions: [bucket, ...conditions] });
  return checkUploadPolicy(policy, { fields: fieldsOf(fields), bucket: 'photos', nowMs: now });
}

/** What is thrown; the range where nothing is. */
function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error.message : error;
  }
}

describe('a document', () => {
  test.each([
    ['nothing', '', 'invalid Base64 encoding.'],
    ['no JSON', '{', 'Invalid JSON.'],
    ['a comma too many', `{"expiration": "${expiration}", "conditions": [],}`, 'Invalid JSON.'],
    ['a list', [], 'Invalid JSON.'],
    ['null', 'null', 'Invalid JSON.'],
    ['another member', { expiration, conditions: [], Version: '1' }, "Unexpected: 'version'"],
    ['a member in capitals', { EXPIRATION: expiration, conditions: [] }, "Unexpected: 'expiration'"],
    ['no expiration', { conditions: [] }, 'Policy missing expiration.'],
    ['no conditions', { expiration }, 'Policy missing conditions.'],
    ['conditions that are no list', { expiration, conditions: {} }, "Invalid 'conditions' value: must be a List."],
    [
      'an empty condition',
      { expiration, conditions: [{}] },
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    ],
    [
      'two in one',
      { expiration, conditions: [{ a: '1', b: '2' }] },
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    ],
    [
      'a number as value',
      { expiration, conditions: [{ key: 1 }] },
      'Invalid Simple-Condition: value must be a string.',
    ],
    ['null as value', { expiration, conditions: [{ key: null }] }, 'Invalid JSON.'],
    ['a text as condition', { expiration, conditions: ['eq'] }, 'Invalid condition test: must be a List or Object.'],
    ['an empty list', { expiration, conditions: [[]] }, 'Invalid Condition: missing operation identifier.'],
    [
      'an unknown operation',
      { expiration, conditions: [['ends-with', '$key', 'x']] },
      "Invalid Condition: unknown operation 'ends-with'.",
    ],
    [
      'the name of a property of all objects',
      { expiration, conditions: [['toString', '$key', 'x']] },
      "Invalid Condition: unknown operation 'toString'.",
    ],
    ['too few operands', { expiration, conditions: [['eq', '$key']] }, 'Invalid eq: wrong number of arguments.'],
    [
      'too many operands',
      { expiration, conditions: [['content-length-range', 0, 1, 2]] },
      'Invalid content-length-range: wrong number of arguments.',
    ],
    [
      'a negative size',
      { expiration, conditions: [['content-length-range', -1, 2]] },
      'Invalid content-length-range: a size must not be negative.',
    ],
    ['half a byte', { expiration, conditions: [['content-length-range', 0, 0.5]] }, 'Invalid JSON.'],
    ['an operand that is no text', { expiration, conditions: [['eq', '$key', 1]] }, 'Invalid JSON.'],
  ])('%s → refused', (_, document, reason) => {
    expect(() => read(document)).toThrow(`Invalid Policy: ${reason}`);
    expect(outcome(() => read(document))).toBe(`Invalid Policy: ${reason}`);
  });

  test.each([
    '2026-01-02',
    '2026-01-02 12:00:00Z',
    '2026-01-02T12:00:00',
    '2026-01-02T12:00:00+02:00',
    '2026-13-02T12:00:00Z',
    '',
    1767355200,
  ])('expiration %s → refused', (given) => {
    const expected = `Invalid Policy: Invalid 'expiration' value: '${given}'`;
    expect(outcome(() => read({ expiration: given, conditions: [] }))).toBe(expected);
  });

  test.each(['2026-01-02T12:00:00Z', '2026-01-02T12:00:00.000Z'])('expiration %s → that moment', (given) => {
    expect(read({ expiration: given, conditions: [] }).expiresMs).toBe(Date.UTC(2026, 0, 2, 12));
  });

  test('what AWS lets be escaped beyond JSON → read so', () => {
    const text = String.raw`{"expiration": "${expiration}", "conditions": [["eq", "$key", "\$1\v\\$\u00fc"]]}`;
    expect(read(text).conditions).toMatchObject([{ field: 'key', value: '$1\v\\$ü' }]);
  });

  test('base64 in lines → read', () => {
    const encoded = encode(JSON.stringify({ expiration, conditions: [] })).replaceAll(/.{20}/g, '$&\r\n');
    expect(readUploadPolicy(encoded).conditions).toEqual([]);
  });
});

describe('a form', () => {
  const all = { min: 0, max: Number.POSITIVE_INFINITY };
  test.each([
    ['{} in another case', [{ KEY: 'a' }], { Key: 'a' }],
    ['eq', [['eq', '$key', 'a']], { key: 'a' }],
    ['eq in another case', [['EQ', '$kEy', 'a']], { KeY: 'a' }],
    ['starts-with', [['starts-with', '$key', 'user/']], { key: 'user/a' }],
    ['starts-with in another case', [['StArTs-WiTh', '$KeY', 'user/']], { key: 'user/a' }],
    ['starts-with nothing', [['starts-with', '$key', '']], { key: '' }],
    ['several for one field', [['starts-with', '$key', 'a'], { key: 'ab' }], { key: 'ab' }],
    ['a type', [['starts-with', '$Content-Type', 'image/']], { 'Content-Type': 'image/png' }],
    [
      'a list of types',
      [['starts-with', '$Content-Type', 'image/']],
      { 'content-type': 'image/jpg,image/png, image/gif' },
    ],
    ['fields that nothing covers', [], { 'x-ignore-a': '1', 'X-Ignore-B': '2', Policy: 'p', 'X-Amz-Signature': 's' }],
    ['fields of Version 2', [], { AWSAccessKeyId: 'a', Signature: 's' }],
  ])('%s → met', (_, conditions, fields) => {
    expect(outcome(() => check(conditions, fields))).toEqual(all);
  });

  test.each([
    ['another value', [{ key: 'a' }], { key: 'b' }, '["eq", "$key", "a"]'],
    ['a value in another case', [['eq', '$acl', 'private']], { acl: 'Private' }, '["eq", "$acl", "private"]'],
    ['another beginning', [['starts-with', '$key', 'user/']], { key: 'users/a' }, '["starts-with", "$key", "user/"]'],
    [
      'one bad type of a list',
      [['starts-with', '$Content-Type', 'image/']],
      { 'Content-Type': 'image/jpg,text/plain' },
      '["starts-with", "$Content-Type", "image/"]',
    ],
    ['a comma elsewhere', [['starts-with', '$key', 'a']], { key: 'ab,b' }, undefined],
    ['a field that is missing', [{ acl: 'private' }], {}, '["eq", "$acl", "private"]'],
    [
      'a field that is missing and may be anything',
      [['starts-with', '$Content-Type', '']],
      {},
      '["starts-with", "$Content-Type", ""]',
    ],
    ['a name without its dollar', [['eq', 'key', 'a']], { key: 'a' }, '["eq", "key", "a"]'],
    ['quotes', [['eq', '$key', 'a"b']], { key: 'b' }, String.raw`["eq", "$key", "a\"b"]`],
    ['another bucket', [{ Bucket: 'other' }], {}, '["eq", "$Bucket", "other"]'],
    ['a bucket that only a field names', [{ bucket: 'other' }], { bucket: 'other' }, '["eq", "$bucket", "other"]'],
    [
      'a size that is no number',
      [['content-length-range', 'test', '10']],
      {},
      '["content-length-range", "test", "10"]',
    ],
    ['the second of two', [['starts-with', '$key', 'a'], { key: 'ac' }], { key: 'ab' }, '["eq", "$key", "ac"]'],
  ])('%s → not met', (_, conditions, fields, shown) => {
    const expected = shown === undefined ? all : `Invalid according to Policy: Policy Condition failed: ${shown}`;
    expect(outcome(() => check(conditions, fields))).toEqual(expected);
  });

  test('a field without a condition → named as it was sent', () => {
    const extra = (name: string) => `Invalid according to Policy: Extra input fields: ${name}`;
    expect(outcome(() => check([], { 'X-Amz-Meta-Foo': 'x' }))).toBe(extra('X-Amz-Meta-Foo'));
    expect(outcome(() => check([], { 'x-amz-checksum-sha256': 'x' }))).toBe(extra('x-amz-checksum-sha256'));
    const policy = read({ expiration, conditions: [{ key: 'a' }] });
    const fields = fieldsOf({ key: 'a' });
    expect(outcome(() => checkUploadPolicy(policy, { fields, bucket: 'photos', nowMs }))).toBe(extra('bucket'));
  });

  test('the moment of expiration → good; a millisecond later → expired, before anything else', () => {
    const at = Date.parse(expiration);
    expect(outcome(() => check([], {}, at))).toEqual(all);
    expect(outcome(() => check([{ key: 'a' }], {}, at + 1))).toBe('Invalid according to Policy: Policy expired.');
  });

  test('sizes → the narrowest range of all', () => {
    const ranges = [
      ['content-length-range', 1, 10],
      ['content-length-range', '5', '20'],
    ];
    expect(check(ranges, {})).toEqual({ min: 5, max: 10 });
  });
});
