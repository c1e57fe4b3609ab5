/** Disks that are full, on real file systems of a few MiB: what is refused, what goes on, and that it ends by itself. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { mountSmallDisk, takeSpace } from '../support/small-disk.ts';

const MIB = 1024 * 1024;
const FULL = { name: 'BlobError', code: 'StorageFull' };
const SMALL = sampleBytes(3000, 1);

async function writeMib(store: ErasureBlobStore, mebibytes: number, seed: number): Promise<BlobRef> {
  const ref = await store.write(inPieces(sampleBytes(mebibytes * MIB, seed)), label('x'));
  store.release(ref);
  return ref;
}

async function expectRight(store: ErasureBlobStore, refs: readonly BlobRef[], mebibytes: number): Promise<void> {
  for (const [seed, ref] of refs.entries()) {
    expect((await readAll(store, ref)).equals(sampleBytes(mebibytes * MIB, seed))).toBe(true);
  }
}

function fullDisks(store: ErasureBlobStore): number[] {
  return store.disks().flatMap(({ isFull }, i) => (isFull ? [i] : []));
}

/** Fills a disk to within so many bytes of its end with what is not the store's. */
async function fillUp(disks: BlobDisks, disk: number, leftBytes: number, store: ErasureBlobStore): Promise<void> {
  await store.checkDisks();
  const { freeBytes } = store.disks()[disk] ?? { freeBytes: 0 };
  await takeSpace(join(disks.path(disk), 'other'), freeBytes - leftBytes);
}

describe('one disk of 16 MiB', () => {
  it('filled by writes → it keeps its reserve, writes go on without it, and with it when space returns', async () => {
    const disks = await BlobDisks.create();
    await mountSmallDisk(disks.path(4), 16);
    const store = await disks.open({ segmentSizeMaxBytes: 2 * MIB });
    expect(store.disks()[4]).toMatchObject({ state: 'healthy', isFull: false, sizeBytes: 16 * MIB });
    const refs: BlobRef[] = [];
    while (fullDisks(store).length === 0) {
      refs.push(await writeMib(store, 6, refs.length));
      await store.checkDisks();
      expect(refs.length).toBeLessThan(30);
    }
    const full = store.disks()[4];
    expect(full).toMatchObject({ state: 'healthy', isFull: true });
    expect(full?.freeBytes).toBeLessThan((16 * MIB) / 20);
    expect(full?.freeBytes).toBeGreaterThan(0);
    for (let i = 0; i < 3; i++) refs.push(await writeMib(store, 6, refs.length));
    await store.checkDisks();
    expect(store.disks()[4]?.freeBytes).toBe(full?.freeBytes);
    await expectRight(store, refs, 6);

    const [first] = refs;
    expect(await store.drop(first?.extents[0]?.segment ?? '')).toBe(true);
    await store.checkDisks();
    expect(fullDisks(store)).toEqual([]);
    const ref = await writeMib(store, 1, 99);
    await disks.moveAway([0, 1]);
    await store.checkDisks();
    expect((await readAll(store, ref)).equals(sampleBytes(MIB, 99))).toBe(true);
    await disks.moveBack([0, 1]);
  });

  it('filled by others in the middle of a write → the write ends right, the disk is full and not failed', async () => {
    const disks = await BlobDisks.create();
    await mountSmallDisk(disks.path(4), 16);
    const store = await disks.open();
    const bytes = sampleBytes(8 * MIB, 1);
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* inPieces(bytes.subarray(0, 4 * MIB));
      await fillUp(disks, 4, 0, store).catch(() => {});
      yield* inPieces(bytes.subarray(4 * MIB));
    }
    const ref = await store.write(source(), label('x'));
    expect(store.disks()[4]).toMatchObject({ state: 'healthy', isFull: true });
    expect((await readAll(store, ref)).equals(bytes)).toBe(true);
    await rm(join(disks.path(4), 'other'));
    await store.checkDisks();
    expect(fullDisks(store)).toEqual([]);
  });
});

describe('too few disks with space', () => {
  it('three of nine full → new data is refused before its source is touched; the reserve, reads and drops go on', async () => {
    const disks = await BlobDisks.create();
    for (const disk of [0, 3, 6]) await mountSmallDisk(disks.path(disk), 16);
    const store = await disks.open();
    const before = await writeMib(store, 3, 0);
    for (const disk of [0, 3, 6]) await fillUp(disks, disk, MIB / 2, store);
    await store.checkDisks();
    expect(fullDisks(store)).toEqual([0, 3, 6]);
    expect(() => store.place(SMALL, Buffer.of())).toThrow(expect.objectContaining(FULL));
    const source = inPieces(SMALL);
    await expect(store.write(source, label('x'))).rejects.toMatchObject(FULL);
    expect((await source.next()).done).toBe(false);

    const placed = store.place(SMALL, Buffer.of(), { usesReserve: true });
    await store.flush();
    const written = await store.write(inPieces(SMALL), label('x'), { usesReserve: true });
    await disks.moveAway([1, 2]);
    await store.checkDisks();
    for (const ref of [placed, written]) expect((await readAll(store, ref)).equals(SMALL)).toBe(true);
    await disks.moveBack([1, 2]);
    await store.checkDisks();
    await expectRight(store, [before], 3);
    expect(await store.drop(before.extents[0]?.segment ?? '')).toBe(true);

    await rm(join(disks.path(3), 'other'));
    await store.checkDisks();
    await writeMib(store, 1, 5);
  });

  it('full and missing ones together, too few even with the reserve → WriteQuorumLost, which waiting may mend', async () => {
    const disks = await BlobDisks.create();
    await mountSmallDisk(disks.path(0), 16);
    const store = await disks.open();
    await fillUp(disks, 0, MIB / 2, store);
    await disks.moveAway([4, 5]);
    await store.checkDisks();
    expect(() => store.place(SMALL, Buffer.of())).toThrow(expect.objectContaining(FULL));
    await disks.moveAway([8]);
    await store.checkDisks();
    expect(() => store.place(SMALL, Buffer.of())).toThrow(expect.objectContaining({ code: 'WriteQuorumLost' }));
    await disks.moveBack([4, 5, 8]);
  });

  it('refused though space is said to be free, as beyond a quota → full until a probe can be written', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open();
    const quotas = [1, 4, 7].map((disk) =>
      files.fail({ operation: ['write', 'writev'], path: disks.path(disk), code: 'EDQUOT' }),
    );
    store.place(SMALL, Buffer.of());
    await expect(store.flush()).rejects.toMatchObject(FULL);
    await store.checkDisks();
    expect(fullDisks(store)).toEqual([1, 4, 7]);
    for (const quota of quotas) quota.release();
    await store.checkDisks();
    expect(fullDisks(store)).toEqual([]);
    await writeMib(store, 1, 1);
  });
});
