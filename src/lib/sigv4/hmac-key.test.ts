/** The signature made of two hashes is the one that node:crypto makes. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { HmacKey } from './hmac-key.ts';

const texts = ['', 'a', 'ü €  \u{1f600}', 'x'.repeat(1_344), 'x'.repeat(1_345), '€'.repeat(1_365), 'x'.repeat(100_000)];

test.for([0, 1, 32, 64])('key of %i bytes, texts of any length → as node:crypto signs', (length) => {
  const key = Buffer.from(Array.from({ length }, (_, i) => (i * 37 + 200) & 255));
  const signing = new HmacKey(key);
  for (const text of [...texts, ...texts]) {
    expect(signing.sign(text)).toBe(createHmac('sha256', key).update(text).digest('hex'));
  }
});

test('a key longer than a block → refused', () => {
  expect(() => new HmacKey(new Uint8Array(65))).toThrow(RangeError);
});
