import { describe, expect, it } from 'vitest';
import { freeBuffer } from './free-buffer.ts';

describe('freeing a buffer', () => {
  it('large bytes that are most of their memory → the memory is gone', () => {
    const whole = Buffer.allocUnsafeSlow(64 * 1024);
    const most = Buffer.allocUnsafeSlow(64 * 1024).subarray(1, 40_000);
    for (const bytes of [whole, most]) freeBuffer(bytes);
    expect([whole.length, most.length]).toEqual([0, 0]);
  });

  it('small bytes, shared memory, bytes in the pool of small buffers → left alone', () => {
    const pooled = Buffer.allocUnsafe((Buffer.poolSize >>> 1) - 1);
    const shared = new Uint8Array(new SharedArrayBuffer(64 * 1024));
    const small = Buffer.allocUnsafeSlow(1000);
    for (const bytes of [pooled, shared, small]) freeBuffer(bytes);
    expect([pooled.length, shared.length, small.length]).toEqual([(Buffer.poolSize >>> 1) - 1, 65_536, 1000]);
  });
});
