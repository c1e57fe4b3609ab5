import { describe, expect, test } from 'vitest';
import { encodeListed } from './key-encoding.ts';

describe('encodeListed', () => {
  test.each([
    ['letters, digits and signs of a path → as they are', 'aZ09/-_.*', 'aZ09/-_.*'],
    ['space → plus', 'a b/c', 'a+b/c'],
    ['plus → encoded', 'a+b', 'a%2Bb'],
    ['percent → encoded', '100%', '100%25'],
    ["AWS's example → encoded", 'test_file(3).png', 'test_file%283%29.png'],
    ['UTF-8 → its bytes', 'ü😀', '%C3%BC%F0%9F%98%80'],
    ['control character → encoded', '\n\u0001', '%0A%01'],
    ['other signs → encoded', "!'~&=?#<>:@,;", '%21%27%7E%26%3D%3F%23%3C%3E%3A%40%2C%3B'],
  ])('%s', (_condition, text, expected) => {
    expect(encodeListed(text)).toBe(expected);
    expect(decodeURIComponent(expected.replaceAll('+', ' '))).toBe(text);
  });
});
