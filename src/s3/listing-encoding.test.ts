import { describe, expect, test } from 'vitest';
import { listingEncoder } from './listing-encoding.ts';

describe('listingEncoder', () => {
  test('no encoding → as it is', () => {
    expect(listingEncoder(undefined)('a b')).toBe('a b');
  });

  test('url → encoded', () => {
    expect(listingEncoder('url')('a b')).toBe('a+b');
  });
});
