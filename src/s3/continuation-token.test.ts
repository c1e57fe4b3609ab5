import { describe, expect, test } from 'vitest';
import { decodeToken, encodeToken } from './continuation-token.ts';

describe('continuation tokens', () => {
  test.each(['a', '', 'photos/2024/', 'ü😀', 'x'.repeat(1024)])('position %j → comes back', (position) => {
    expect(decodeToken('objects', encodeToken('objects', position))).toBe(position);
  });

  test('a token → safe in a query and does not show its position', () => {
    const token = encodeToken('objects', 'photos/2024/a.jpg');
    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('photo');
  });

  test('tokens of neighbours → look nothing alike', () => {
    const [first, second] = [encodeToken('objects', 'key-1'), encodeToken('objects', 'key-2')];
    expect(first.slice(2)).not.toBe(second.slice(2));
    expect(first.slice(-4)).not.toBe(second.slice(-4));
  });

  const token = encodeToken('objects', 'photos/');
  test.each([
    ['empty', ''],
    ['a key', 'photos/'],
    ['base64 of a key', Buffer.from('photos/').toString('base64')],
    ['cut short', token.slice(0, -2)],
    ['too long', `${token}AA`],
    ['one character changed', `${token.slice(0, -1)}${token.endsWith('A') ? 'Q' : 'A'}`],
    ['one sign that is no base64 added', `${token}!`],
    ['token of another listing', encodeToken('buckets', 'photos/')],
  ])('%s → InvalidArgument', (_condition, wrong) => {
    expect(() => decodeToken('objects', wrong)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        message: 'The continuation token provided is incorrect',
      }),
    );
  });
});
