/** A small blob and a large one of a store, and how its disks are. */
import { expect } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { STRIPE_BYTES_MAX } from '../../src/blob/stripe.ts';
import type { BlobRef, DiskState } from '../../src/blob/types.ts';
import { inPieces, label, readAll, sampleBytes } from './blob-disks.ts';
import { eventually } from './eventually.ts';

export const SMALL = sampleBytes(3000, 1);
export const LARGE = sampleBytes(2 * STRIPE_BYTES_MAX + 9, 2);

export interface Kept {
  readonly small: BlobRef;
  readonly large: BlobRef;
}

export async function keep(store: ErasureBlobStore): Promise<Kept> {
  const small = store.place(SMALL, Buffer.from('small'));
  const [large] = await Promise.all([store.write(inPieces(LARGE), label('large')), store.flush()]);
  return { small, large };
}

export async function expectKept(store: ErasureBlobStore, { small, large }: Kept): Promise<void> {
  expect((await readAll(store, small)).equals(SMALL)).toBe(true);
  expect((await readAll(store, large)).equals(LARGE)).toBe(true);
}

export function stateOf(store: ErasureBlobStore, disk: number): DiskState {
  const state = store.disks()[disk];
  if (!state) throw new RangeError(`there is no disk ${disk}`);
  return state;
}

/** Looks at the disks until one of them is in a state. */
export async function becomes(store: ErasureBlobStore, disk: number, state: DiskState['state']): Promise<void> {
  await eventually(async () => {
    await store.checkDisks();
    expect(stateOf(store, disk)).toMatchObject({ state });
  });
}
