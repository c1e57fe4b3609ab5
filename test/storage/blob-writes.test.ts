/** Writes while disks come, go and fail: durable on the quorum, or refused with a typed error. */
import { appendFile, mkdir, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { STRIPE_BYTES_MAX } from '../../src/blob/stripe.ts';
import type { BlobRef } from '../../src/blob/types.ts';
import { BlobDisks, CLUSTER_ID, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { eventually } from '../support/eventually.ts';
import { failNext } from '../support/failing-calls.ts';

const SMALL = sampleBytes(3000, 1);
const LARGE = sampleBytes(2 * STRIPE_BYTES_MAX + 9, 2);
const FULL = { name: 'BlobError', code: 'StorageFull' };
const LOST = { name: 'BlobError', code: 'WriteQuorumLost' };

async function keep(store: ErasureBlobStore): Promise<{ small: BlobRef; large: BlobRef }> {
  const small = store.place(SMALL, Buffer.from('small'));
  const [large] = await Promise.all([store.write(inPieces(LARGE), label('large')), store.flush()]);
  return { small, large };
}

async function expectKept(
  store: ErasureBlobStore,
  { small, large }: { small: BlobRef; large: BlobRef },
): Promise<void> {
  expect((await readAll(store, small)).equals(SMALL)).toBe(true);
  expect((await readAll(store, large)).equals(LARGE)).toBe(true);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('disks away', () => {
  it.each([[[8]], [[1, 5]]])('%j missing → writes go on, and a later loss of more is survived', async (missing) => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const before = await keep(store);
    await disks.moveAway(missing);
    await store.checkDisks();
    const during = await keep(store);
    await expectKept(store, during);
    expect(during.small.extents[0]?.segment).not.toBe(before.small.extents[0]?.segment);
    await disks.moveBack(missing);
    await store.checkDisks();
    const other = missing.length === 1 ? [0, 3] : [0];
    await disks.moveAway(other);
    await store.checkDisks();
    await expectKept(store, during);
    await expectKept(store, before);
  });

  it('three missing → place and write are refused at once, and go on when one is back', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const before = await keep(store);
    await disks.moveAway([0, 1, 2]);
    await store.checkDisks();
    expect(() => store.place(SMALL, Buffer.of())).toThrow(expect.objectContaining(LOST));
    const source = inPieces(LARGE);
    await expect(store.write(source, label('x'))).rejects.toMatchObject(LOST);
    expect((await source.next()).done).toBe(false);
    await expectKept(store, before);
    await disks.moveBack([1]);
    await store.checkDisks();
    await expectKept(store, await keep(store));
  });

  it('three go between place and flush, unnoticed → the flush rejects', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const ref = store.place(SMALL, Buffer.of());
    await disks.moveAway([0, 4, 8]);
    await expect(store.flush()).rejects.toMatchObject(LOST);
    store.release(ref);
    await disks.moveBack([0, 4, 8]);
    await store.checkDisks();
    await expectKept(store, await keep(store));
  });

  it.each([
    { gone: [2, 3], outcome: 'ends right' },
    { gone: [2, 3, 4], outcome: 'rejects' },
  ])('$gone go in the middle of a large write → it $outcome', async ({ gone, outcome }) => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    async function* source(): AsyncGenerator<Uint8Array> {
      yield* inPieces(LARGE);
      await disks.moveAway(gone);
      await store.checkDisks();
      yield* inPieces(LARGE);
    }
    const written = store.write(source(), label('x'));
    if (outcome === 'rejects') {
      await expect(written).rejects.toMatchObject(LOST);
      expect(store.segments().every(({ sealed, holds }) => sealed && holds === 0)).toBe(true);
    } else {
      const ref = await written;
      expect((await readAll(store, ref)).equals(Buffer.concat([LARGE, LARGE]))).toBe(true);
      await disks.moveBack(gone);
    }
  });

  it('again and again → no file stays open', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    // The system gives out the lowest free descriptor, so a new one tells whether others were left open.
    const nextDescriptor = async (): Promise<number> => {
      const file = await open(disks.root, 'r');
      const { fd } = file;
      await file.close();
      return fd;
    };
    await expectKept(store, await keep(store));
    const before = await nextDescriptor();
    for (let i = 0; i < 40; i++) {
      await disks.moveAway([i % 9]);
      await store.checkDisks();
      await disks.moveBack([i % 9]);
      await store.checkDisks();
      await keep(store);
    }
    expect(await nextDescriptor()).toBeLessThan(before + 27);
  });

  it('the timer notices by itself, both ways', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open({ diskCheckIntervalMs: 5 });
    await disks.moveAway([7]);
    await eventually(() => expect(store.disks()[7]?.state).toBe('missing'));
    await disks.moveBack([7]);
    await eventually(() => expect(store.disks()[7]?.state).toBe('healthy'));
  });
});

describe('foreign disks', () => {
  it('of another cluster, zone or identity → neither read nor written', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const kept = await keep(before);
    await before.close();
    const change = async (disk: number, identity: object): Promise<void> => {
      const path = join(disks.path(disk), 'ninefold-disk.json');
      await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...identity }));
    };
    await change(0, { clusterId: 'dd'.repeat(16) });
    await change(4, { zone: 'zone-9' });
    const store = await disks.open();
    expect(store.disks().map(({ state }) => state)).toEqual([
      'failed',
      ...['healthy', 'healthy', 'healthy', 'failed', 'healthy', 'healthy', 'healthy', 'healthy'],
    ]);
    expect(store.disks()[0]?.reason).toContain('another cluster');
    await expectKept(store, kept);
    await expectKept(store, await keep(store));
    expect(await readdir(join(disks.path(0), 'segments'))).toHaveLength(2);
    await change(0, { clusterId: CLUSTER_ID });
    await store.checkDisks();
    expect(store.disks()[0]?.state).toBe('healthy');
  });

  it('an emptied folder in a store with segments → missing, not made a new disk', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const kept = await keep(before);
    await before.close();
    await rm(disks.path(6), { recursive: true });
    await mkdir(disks.path(6));
    const store = await disks.open();
    expect(store.disks()[6]?.state).toBe('missing');
    expect(await readdir(disks.path(6))).toEqual([]);
    await expectKept(store, kept);
  });
});

describe('failing disks', () => {
  it.each(['datasync', 'writev'] as const)(
    '%s fails on two shards → durable; the disks take no more writes',
    async (method) => {
      const disks = await BlobDisks.create();
      const store = await disks.open();
      await failNext(disks.root, { method, count: 2 });
      const kept = await keep(store);
      expect(store.disks().filter(({ state }) => state === 'failed')).toHaveLength(2);
      await expectKept(store, kept);
      await expectKept(store, await keep(store));
      const failed = store.disks().flatMap(({ state }, i) => (state === 'failed' ? [i] : []));
      await disks.moveAway(failed);
      await store.checkDisks();
      await disks.moveBack(failed);
      await store.checkDisks();
      expect(store.disks().every(({ state }) => state === 'healthy')).toBe(true);
    },
  );

  it.each(['datasync', 'writev'] as const)('%s fails on three shards → flush and write reject', async (method) => {
    const disks = await BlobDisks.create();
    for (const act of ['flush', 'write'] as const) {
      const store = await disks.open();
      await failNext(disks.root, { method, count: 3 });
      store.place(SMALL, Buffer.of());
      await expect(act === 'flush' ? store.flush() : store.write(inPieces(LARGE), label('x'))).rejects.toMatchObject(
        LOST,
      );
      await expect(store.write(inPieces(LARGE), label('x'))).rejects.toMatchObject(LOST);
      await store.close();
    }
  });

  it('no space on three shards → that flush rejects, writes are refused until a look finds space again', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const first = store.place(SMALL, Buffer.of());
    await failNext(disks.root, { method: 'writev', count: 3, code: 'ENOSPC' });
    await expect(store.flush()).rejects.toMatchObject(FULL);
    expect(store.disks().every(({ state }) => state === 'healthy')).toBe(true);
    expect(store.disks().filter(({ isFull }) => isFull)).toHaveLength(3);
    expect(() => store.place(SMALL, Buffer.of())).toThrow(expect.objectContaining(FULL));
    await store.checkDisks();
    const kept = await keep(store);
    await expectKept(store, kept);
    expect(kept.small.extents[0]?.segment).not.toBe(first.extents[0]?.segment);
  });

  it('a short write → completed', async () => {
    const disks = await BlobDisks.create();
    const store = await disks.open();
    const file = await open(disks.root, 'r');
    const prototype: typeof file = Object.getPrototypeOf(file);
    await file.close();
    vi.spyOn(prototype, 'writev').mockImplementation(async function (this: typeof file, buffers, position) {
      const bytes = Buffer.concat(buffers.map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength)));
      const { bytesWritten } = await this.write(bytes, 0, Math.min(100, bytes.length), position ?? null);
      return { bytesWritten, buffers };
    });
    const kept = await keep(store);
    vi.restoreAllMocks();
    expect(await store.isIntact(kept.large)).toBe(true);
    await disks.moveAway([0, 1, 2]);
    await store.checkDisks();
    await expectKept(store, kept);
  });
});

describe('abandoned and torn writes', () => {
  it.each(['the source', 'the label'])(
    '%s throws → the error passes, nothing is held, the segment goes on',
    async (who) => {
      const store = await (await BlobDisks.create()).open();
      const failure = new Error('the client went away');
      async function* source(): AsyncGenerator<Uint8Array> {
        yield* inPieces(LARGE);
        if (who === 'the source') throw failure;
      }
      const refuse = (): Promise<Uint8Array> => Promise.reject(failure);
      await expect(store.write(source(), refuse)).rejects.toBe(failure);
      expect(store.segments().map(({ holds }) => holds)).toEqual([0]);
      const kept = await keep(store);
      expect(kept.large.extents[0]?.segment).toBe(store.segments()[0]?.segment);
      await expectKept(store, kept);
    },
  );

  it('abandoned again and again → no stripe buffer is lost', async () => {
    const store = await (await BlobDisks.create()).open({ stripeBufferCount: 1 });
    for (let i = 0; i < 10; i++) {
      async function* source(): AsyncGenerator<Uint8Array> {
        yield* inPieces(LARGE.subarray(0, i * 400_000));
        throw new Error('gone');
      }
      await expect(store.write(source(), label('x'))).rejects.toThrow('gone');
    }
    await expectKept(store, await keep(store));
  });

  it('a tail torn by a crash → what was whole reads right, the torn is not intact, nothing is appended to it', async () => {
    const disks = await BlobDisks.create();
    const before = await disks.open();
    const whole = before.place(SMALL, Buffer.of());
    await before.flush();
    const torn = before.place(sampleBytes(5000, 3), Buffer.of());
    await before.flush();
    const tornRef: BlobRef = JSON.parse(JSON.stringify(torn));
    await before.close();
    const extent = tornRef.extents[0];
    const files = await disks.shardFiles(extent?.segment ?? '');
    for (const [shard, path] of files.entries()) {
      if (shard < 4) await truncate(path, (extent?.offset ?? 0) + shard * 100);
      else await appendFile(path, 'rubbish');
    }
    const store = await disks.open();
    expect((await readAll(store, whole)).equals(SMALL)).toBe(true);
    expect(await store.isIntact(whole)).toBe(true);
    expect(await store.isIntact(tornRef)).toBe(false);
    await expect(readAll(store, tornRef)).rejects.toMatchObject({ code: 'Unreadable' });
    const next = await keep(store);
    expect(next.small.extents[0]?.segment).not.toBe(extent?.segment);
    await expectKept(store, next);
  });
});
