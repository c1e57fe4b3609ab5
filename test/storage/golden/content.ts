import type { SchemeName } from '../../../src/blob/scheme.ts';

/** Sizes of the golden blobs of each scheme: those packed into one stripe, and one of full stripes and a rest. */
export const goldenSizes: Readonly<Record<SchemeName, { packed: readonly number[]; streamed: number }>> = {
  '6+3': { packed: [5, 4096, 500_000], streamed: 2 * 1024 * 1024 },
  '1+2': { packed: [5, 4096, 200_000], streamed: 600_000 },
};

/** The bytes of the golden blobs: they repeat, so that the files compress, but not with the period of a unit or a block. */
export function goldenBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i < length; i++) bytes[i] = ((i % 997) * 31 + length) & 255;
  return bytes;
}
