/** Small blobs that are answered from memory: which, for how long, and that they are the right ones. */
import { expect, test } from 'vitest';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, overwrite, readAll, sampleBytes } from '../support/blob-disks.ts';

const hotBlobBytesMax = 64 * 1024;

async function storeWith(sizes: readonly number[]) {
  const disks = await BlobDisks.create();
  const store = await disks.open({ hotBlobBytesMax });
  const blobs = sizes.map((size, i) => sampleBytes(size, i));
  const refs = blobs.map((bytes) => store.place(bytes, Buffer.of()));
  await store.flush();
  /** Of each blob whether it is read right, read otherwise, or refused. */
  const outcomes = (asked: readonly BlobRef[] = refs) =>
    Promise.all(
      asked.map((ref) =>
        readAll(store, ref).then(
          (bytes) => (bytes.equals(blobs[refs.indexOf(ref)] ?? Buffer.of()) ? 'right' : 'wrong'),
          () => 'refused',
        ),
      ),
    );
  /** Spoils every block of the blob's segment on all disks. */
  const spoil = async ({ extents }: BlobRef) => {
    for (const path of await disks.shardFiles(extents[0]?.segment ?? '')) {
      await overwrite(path, 0, Buffer.alloc(512 * 1024, 0xee));
    }
  };
  return { disks, store, refs, outcomes, spoil };
}

test('a small blob read before → read right without its disks; a large one → not', async () => {
  const { store, refs, outcomes, spoil } = await storeWith([1, 4096, 16 * 1024]);
  const [one, small, large] = refs;
  if (!one || !small || !large) throw new Error('four blobs were placed');
  for (const ref of [one, small, large]) await readAll(store, ref);
  await spoil(one);
  expect(await outcomes([one, small])).toEqual(['right', 'right']);
  expect(await outcomes([large])).toEqual(['refused']);
});

test('only a part of it was read → it is read from the disks', async () => {
  const { store, refs, outcomes, spoil } = await storeWith([4096]);
  const [ref] = refs;
  if (!ref) throw new Error('a blob was placed');
  for await (const _ of store.read(ref, { start: 0, end: 4095 }));
  await spoil(ref);
  expect(await outcomes()).toEqual(['refused']);
});

test('more than there is memory for → most of what is in it stays, and what is read often gets in', async () => {
  const { store, refs, outcomes, spoil } = await storeWith(Array.from({ length: 20 }, () => 8000));
  for (const ref of refs) await readAll(store, ref);
  const last = refs.at(-1);
  if (!last) throw new Error('blobs were placed');
  for (let i = 0; i < 8; i++) await readAll(store, last);
  await spoil(last);
  const found = await outcomes();
  expect(found).not.toContain('wrong');
  const fitting = Math.floor(hotBlobBytesMax / 8000);
  expect(found.filter((outcome) => outcome === 'right')).toHaveLength(fitting);
  expect(found.slice(0, fitting).filter((outcome) => outcome === 'right').length).toBeGreaterThanOrEqual(fitting - 2);
  expect(found.at(-1)).toBe('right');
});

test('another blob cannot be read → nothing is answered from memory any more', async () => {
  const { store, refs, outcomes, spoil } = await storeWith([4096, 20_000]);
  const [small, large] = refs;
  if (!small || !large) throw new Error('two blobs were placed');
  await readAll(store, small);
  await spoil(small);
  await expect(readAll(store, large)).rejects.toMatchObject({ code: 'Unreadable' });
  expect(await outcomes()).toEqual(['refused', 'refused']);
});

test('a disk goes away → memory is no stand-in for it', async () => {
  const { disks, store, outcomes } = await storeWith([4096]);
  expect(await outcomes()).toEqual(['right']);
  await disks.moveAway([0, 1, 2, 3]);
  await store.checkDisks();
  expect(await outcomes()).toEqual(['refused']);
  await disks.moveBack([0, 1, 2, 3]);
  await store.checkDisks();
  expect(await outcomes()).toEqual(['right']);
});
