/** Disks that are gone or lie: every read is right as long as six shards of each block are, and an error beyond. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { HEADER_BYTES, STRIPE_BYTES_MAX } from '../../src/blob/stripe.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, flipBit, inPieces, label, overwrite, readAll, sampleBytes } from '../support/blob-disks.ts';

interface Kept {
  readonly ref: BlobRef;
  readonly bytes: Buffer;
}

/** A lone small blob, a packed one, and one of a full stripe and a rest. */
async function keepSome(store: ErasureBlobStore): Promise<Kept[]> {
  const lone = sampleBytes(1000, 1);
  const kept: Kept[] = [{ ref: store.place(lone, Buffer.from('lone')), bytes: lone }];
  await store.flush();
  const packed = [sampleBytes(90_000, 2), sampleBytes(600_000, 3)];
  for (const bytes of packed) kept.push({ ref: store.place(bytes, Buffer.from('packed')), bytes });
  await store.flush();
  const large = sampleBytes(STRIPE_BYTES_MAX + 70_000, 4);
  kept.push({ ref: await store.write(inPieces(large), label('large')), bytes: large });
  return kept;
}

async function expectRight(store: ErasureBlobStore, kept: readonly Kept[]): Promise<void> {
  for (const { ref, bytes } of kept) expect((await readAll(store, ref)).equals(bytes)).toBe(true);
}

function segmentOf(ref: BlobRef): string {
  return ref.extents[0]?.segment ?? '';
}

describe('disks moved away', () => {
  it('four of nine → Unreadable but for what lies on the others, and right again when one is back', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const kept = await keepSome(store);
    await disks.moveAway([0, 2, 4, 6]);
    await store.checkDisks();
    for (const { ref, bytes } of kept) {
      const outcome = await readAll(store, ref).catch((error: unknown) => error);
      // A blob that lies on one or two data shards may have them both.
      if (Buffer.isBuffer(outcome)) expect(outcome.equals(bytes)).toBe(true);
      else expect(outcome).toMatchObject({ name: 'BlobError', code: 'Unreadable' });
      // Nobody can say of it that it was never whole.
      await expect(store.isIntact(ref)).rejects.toMatchObject({ code: 'Unreadable' });
    }
    for (const { ref } of [...kept.slice(0, 1), ...kept.slice(-1)]) {
      await expect(readAll(store, ref).then(({ length }) => length)).rejects.toMatchObject({ code: 'Unreadable' });
    }
    await disks.moveBack([4]);
    await store.checkDisks();
    await expectRight(store, kept);
  });

  it('in the middle of a read, unnoticed as yet → the rest of the stream is right', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(8 * STRIPE_BYTES_MAX, 9);
    const ref = await store.write(inPieces(bytes), label('x'));
    let at = 0;
    for await (const piece of store.read(ref, { start: 0, end: ref.size })) {
      if (at === 0) await disks.moveAway([0, 1, 2]);
      if (at === STRIPE_BYTES_MAX) await store.checkDisks();
      expect(bytes.subarray(at, at + piece.length).equals(piece)).toBe(true);
      at += piece.length;
    }
    expect(at).toBe(bytes.length);
    expect(store.disks().filter(({ state }) => state === 'missing')).toHaveLength(3);
  });

  it('before the start → the store opens without them and does not make new disks of their places', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const kept = await keepSome(before);
    await before.close();
    await disks.moveAway([3, 4, 5]);
    const store = await disks.open();
    expect(store.disks().filter(({ state }) => state === 'missing')).toHaveLength(3);
    await expectRight(store, kept);
    await disks.moveBack([3, 4, 5]);
    await store.checkDisks();
    expect(store.disks().every(({ state }) => state === 'healthy')).toBe(true);
    await disks.moveAway([0, 1, 2]);
    await store.checkDisks();
    await expectRight(store, kept);
  });
});

describe('damaged shards', () => {
  it('any bit flipped in a header or a data unit → found and read around', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(1000, 1);
    const ref = store.place(bytes, Buffer.from('label'));
    await store.flush();
    const [shard0 = ''] = await disks.shardFiles(segmentOf(ref));
    const unit = ref.extents[0]?.unit ?? 0;
    for (let at = 0; at < HEADER_BYTES + unit; at++) {
      const putRight = await flipBit(shard0, at, at % 8);
      expect((await readAll(store, ref)).equals(bytes)).toBe(true);
      await putRight();
    }
  });

  it('a different block bad on every shard → each is rebuilt, from shards that are bad elsewhere', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(STRIPE_BYTES_MAX, 2);
    const ref = await store.write(inPieces(bytes), label('x'));
    const files = await disks.shardFiles(segmentOf(ref));
    for (const [shard, path] of files.entries()) await flipBit(path, HEADER_BYTES + (shard % 4) * 65536 + 77);
    expect(await store.isIntact(ref)).toBe(true);
    expect((await readAll(store, ref)).equals(bytes)).toBe(true);
    for (const start of [0, 65535, 262143, 1_000_000]) {
      expect(
        (await readAll(store, ref, { start, end: start + 70_000 })).equals(bytes.subarray(start, start + 70_000)),
      ).toBe(true);
    }
  });

  it('four shards bad in the same block → Unreadable there, never a wrong byte, right elsewhere', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(STRIPE_BYTES_MAX, 3);
    const ref = await store.write(inPieces(bytes), label('x'));
    const files = await disks.shardFiles(segmentOf(ref));
    for (const path of files.slice(2, 6)) await flipBit(path, HEADER_BYTES + 65536 + 5, 3);
    expect(await store.isIntact(ref)).toBe(false);
    await expect(readAll(store, ref)).rejects.toMatchObject({ code: 'Unreadable' });
    const start = 2 * 262144;
    expect(
      (await readAll(store, ref, { start, end: start + 65536 })).equals(bytes.subarray(start, start + 65536)),
    ).toBe(true);
  });

  it('too few shards have their part of the directory → the blob is read, but was never whole', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const bytes = sampleBytes(5000, 4);
    const ref = await store.write(inPieces(bytes), label('x'));
    const directoryAt = HEADER_BYTES + (ref.extents[0]?.unit ?? 0);
    const files = await disks.shardFiles(segmentOf(ref));
    for (const path of files.slice(0, 3)) await flipBit(path, directoryAt);
    expect(await store.isIntact(ref)).toBe(true);
    await flipBit(files[8] ?? '', directoryAt);
    expect(await store.isIntact(ref)).toBe(false);
    expect((await readAll(store, ref)).equals(bytes)).toBe(true);
  });

  it('a stripe that is whole but of another place, shard or segment → not believed', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const blobs = [1, 2].map((seed) => sampleBytes(1000, seed));
    const refs: BlobRef[] = [];
    for (const bytes of blobs) {
      refs.push(store.place(bytes, Buffer.from('label')));
      await store.flush();
    }
    const other = await store.write(inPieces(sampleBytes(1000, 3)), label('label'));
    const [ref, next] = refs;
    if (!ref || !next) return;
    const files = await disks.shardFiles(segmentOf(ref));
    const stripeBytes = next.extents[0]?.offset ?? 0;
    const first = await readFile(files[0] ?? '');
    const misplaced = [
      first.subarray(stripeBytes, 2 * stripeBytes),
      (await readFile(files[1] ?? '')).subarray(0, stripeBytes),
      (await readFile((await disks.shardFiles(segmentOf(other)))[0] ?? '')).subarray(0, stripeBytes),
      Buffer.alloc(stripeBytes),
    ];
    for (const stripe of misplaced) {
      const putRight = await overwrite(files[0] ?? '', 0, stripe);
      expect((await readAll(store, ref)).equals(blobs[0] ?? Buffer.alloc(0))).toBe(true);
      await putRight();
    }
  });
});
