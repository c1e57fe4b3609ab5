import { expect, test } from 'vitest';
import { BytesAtHand } from './bytes-at-hand.ts';
import { freeBuffer } from './free-buffer.ts';

test('bytes whose memory others may free → are kept; others → are not copied', async () => {
  const shared = Buffer.alloc(64 * 1024, 'x');
  const first = shared.subarray(0, 40_000);
  const { bytes } = new BytesAtHand(shared.subarray(40_000, 44_096));
  freeBuffer(first);
  expect(first.length).toBe(0);
  expect(Buffer.from(bytes).equals(Buffer.alloc(4096, 'x'))).toBe(true);
  const own = Buffer.allocUnsafeSlow(4096);
  expect(new BytesAtHand(own).bytes).toBe(own);
});

test('as a stream → one chunk', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of new BytesAtHand(Buffer.from('ab'))) chunks.push(chunk);
  expect(chunks).toEqual([Buffer.from('ab')]);
});
