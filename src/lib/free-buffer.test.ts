import { describe, expect, it } from 'vitest';
import { freeBuffer } from './free-buffer.ts';

describe('freeing a buffer', () => {
  it('a large buffer of its own → its memory is gone', () => {
    const bytes = Buffer.allocUnsafeSlow(64 * 1024);
    freeBuffer(bytes);
    expect(bytes.length).toBe(0);
  });

  it('a part of a buffer, a small one, shared memory → left alone', () => {
    const whole = Buffer.allocUnsafeSlow(64 * 1024);
    const shared = new Uint8Array(new SharedArrayBuffer(64 * 1024));
    const small = Buffer.from('small');
    for (const bytes of [whole.subarray(1), shared, small]) freeBuffer(bytes);
    expect([whole.length, shared.length, small.length]).toEqual([65_536, 65_536, 5]);
  });
});
