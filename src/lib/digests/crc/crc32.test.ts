import { crc32 as crc32OfZlib } from 'node:zlib';
import { expect, test } from 'vitest';
import { crc32 } from './crc32.ts';

test.for([0, 1, 4096, 8191, 8192, 8193, 65_536, 65_537, 200_003])(
  '%i bytes → as zlib has it, wherever they lie',
  (length) => {
    const bytes = Buffer.from(new SharedArrayBuffer(length + 16));
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(i + 1, 2_654_435_761) >>> 13;
    for (const start of [0, 3, 8]) {
      const part = bytes.subarray(start, start + length);
      expect(crc32(part)).toBe(crc32OfZlib(part));
      const copy = Uint8Array.from(part);
      expect(crc32(copy)).toBe(crc32OfZlib(part));
    }
  },
);
