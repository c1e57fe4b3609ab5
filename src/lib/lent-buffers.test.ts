import { describe, expect, test } from 'vitest';
import { giveBack, takeBuffer } from './lent-buffers.ts';

const mebibyte = 1024 * 1024;

describe('lent buffers', () => {
  test('given back, by a view of it → lent again, once', () => {
    const first = takeBuffer(mebibyte);
    giveBack(first.subarray(5, 10));
    const second = takeBuffer(1.5 * mebibyte);
    expect(second.buffer).toBe(first.buffer);
    expect(second.length).toBe(1.5 * mebibyte);
    expect(takeBuffer(mebibyte).buffer).not.toBe(first.buffer);
  });

  test('given back twice → lent to one taker only', () => {
    const buffer = takeBuffer(mebibyte);
    giveBack(buffer);
    giveBack(buffer);
    expect(takeBuffer(mebibyte).buffer).toBe(buffer.buffer);
    expect(takeBuffer(mebibyte).buffer).not.toBe(buffer.buffer);
  });

  test('small or from elsewhere → never lent', () => {
    const small = takeBuffer(1000);
    giveBack(small);
    const foreign = Buffer.allocUnsafe(1.5 * mebibyte);
    giveBack(foreign);
    const taken = [takeBuffer(1000), takeBuffer(mebibyte)].map(({ buffer }) => buffer);
    expect(taken[1]).not.toBe(foreign.buffer);
    expect(taken[1]).not.toBe(small.buffer);
  });
});
