import { expect, test } from 'vitest';
import { copyBytes } from './copy-bytes.ts';

test('a part of an array into shared memory → it lies there, and nothing beside it changes', () => {
  const source = Uint8Array.from({ length: 40 }, (_, i) => i + 1);
  const target = new Uint8Array(new SharedArrayBuffer(20), 3, 15);
  copyBytes(source.subarray(5, 12), target, 2);
  expect([...target]).toEqual([0, 0, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0, 0, 0]);
});

test('more than there is room for → refused', () => {
  expect(() => copyBytes(new Uint8Array(3), new Uint8Array(4), 2)).toThrow();
});
