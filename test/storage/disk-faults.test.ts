/** Disks that fail, hang and come back: what state they get, why, and what reads and writes do. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectShardFile } from '../../src/blob/inspect.ts';
import type { BlobRef, DiskState } from '../../src/blob/types.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { eventually } from '../support/eventually.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { becomes, expectKept, keep, LARGE, SMALL, stateOf } from '../support/kept-blobs.ts';

/** Short, so that tests are; an operation of a disk in order takes a small part of it. */
const TIMEOUT_MS = 1500;
const PAUSE_MS = 30_000;
/** So long that a busy machine does not take it for anything that is not hung. */
const LONG_MS = 30_000;

/** The file in which a disk has its shard of a blob's first segment. */
async function shardFileOf(disks: BlobDisks, ref: BlobRef, disk: number): Promise<string> {
  const folder = join(disks.path(disk), 'segments');
  const name = (await readdir(folder)).find((file) => file.startsWith(ref.extents[0]?.segment ?? ''));
  return join(folder, name ?? '');
}

/** Operations that change something on a disk, other than those of its verification. */
function writesTo(files: FaultyFiles, path: string): string[] {
  return files
    .callsUnder(path)
    .filter((call) => /^(writev|write|datasync|open .*shard|unlink)/.test(call) && !call.includes('.probe'));
}

describe('failures', () => {
  it.each(['writev', 'datasync', 'open'] as const)(
    '%s fails → failed with the reason; written again only when verified',
    async (operation) => {
      const disks = await BlobDisks.create();
      const files = FaultyFiles.install();
      const clock = { now: 1000, nowMs: () => clock.now };
      const store = await disks.open({ clock });
      files.fail({ operation, path: join(disks.path(3), 'segments'), code: 'EIO', times: 1 });
      const kept = await keep(store);
      expect(stateOf(store, 3)).toMatchObject({
        state: 'failed',
        reason: expect.stringContaining('EIO'),
        sinceMs: 1000,
      });
      const before = writesTo(files, disks.path(3));
      const during = await keep(store);
      await store.checkDisks();
      expect(writesTo(files, disks.path(3))).toEqual(before);
      clock.now += PAUSE_MS;
      await store.checkDisks();
      expect(stateOf(store, 3)).toMatchObject({ state: 'healthy', sinceMs: clock.now });
      const after = await keep(store);
      expect(writesTo(files, disks.path(3)).length).toBeGreaterThan(before.length);
      await disks.moveAway([0, 1]);
      await store.checkDisks();
      for (const some of [kept, during, after]) await expectKept(store, some);
      await disks.moveBack([0, 1]);
    },
  );

  it('a sync fails → that file is neither synced nor written again, nor is any other on the disk', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open();
    // Two segments are open on the disk: one for packed blobs, one for the large one.
    await keep(store);
    const fault = files.fail({ operation: 'datasync', path: disks.path(5), code: 'EIO', times: 1 });
    const before = files.callsUnder(disks.path(5)).length;
    store.place(SMALL, Buffer.of());
    await store.flush();
    expect(fault.met).toBe(1);
    await keep(store);
    const since = files.callsUnder(disks.path(5)).slice(before);
    expect(since.filter((call) => /^(writev|datasync)/.test(call)).map((call) => call.split(' ')[0])).toEqual([
      'writev',
      'datasync',
    ]);
  });

  it.each(['writev', 'datasync'] as const)(
    '%s fails while other operations wait for their turn on the disk → they never begin',
    async (operation) => {
      const disks = await BlobDisks.create();
      const files = FaultyFiles.install();
      const store = await disks.open({ stripeBufferCount: 8 });
      const folder = join(disks.path(5), 'segments');
      const hang = files.hang({ operation, path: folder });
      files.fail({ operation, path: folder, code: 'EIO', times: 1 });
      const writes = [1, 2, 3, 4, 5, 6].map((seed) => store.write(inPieces(sampleBytes(3000, seed)), label('x')));
      // The disk has a few at a time, of segments of its own each; another disk has been asked for all.
      const opened = () => files.callsUnder(disks.path(4)).filter((call) => call.startsWith('open segments/'));
      await eventually(() => expect([hang.met, opened().length]).toEqual([3, 6]));
      const before = writesTo(files, disks.path(5));
      hang.release();
      const refs = await Promise.all(writes);
      expect(stateOf(store, 5)).toMatchObject({ state: 'failed' });
      expect(writesTo(files, disks.path(5))).toEqual(before);
      for (const [i, ref] of refs.entries()) {
        expect((await readAll(store, ref)).equals(sampleBytes(3000, i + 1))).toBe(true);
      }
    },
  );

  it('a probe that fails → stays failed, and each pause is twice as long as the one before', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const clock = { now: 0, nowMs: () => clock.now };
    const store = await disks.open({ clock });
    files.fail({ operation: 'writev', path: disks.path(8), code: 'EIO', times: 1 });
    const probe = files.fail({ operation: 'sync', path: join(disks.path(8), 'ninefold-disk.probe'), code: 'EROFS' });
    await keep(store);
    for (const [attempt, pauseMs] of [PAUSE_MS, 2 * PAUSE_MS, 4 * PAUSE_MS].entries()) {
      clock.now += pauseMs - 1;
      await store.checkDisks();
      expect(probe.met).toBe(attempt);
      clock.now += 1;
      await store.checkDisks();
      expect(probe.met).toBe(attempt + 1);
      expect(stateOf(store, 8)).toMatchObject({ state: 'failed', reason: expect.stringContaining('EROFS') });
    }
    probe.release();
    clock.now += 8 * PAUSE_MS;
    await store.checkDisks();
    expect(stateOf(store, 8).state).toBe('healthy');
  });

  it('a read fails on the device → read around, failed, still read', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open();
    const kept = await keep(store);
    // One that holds data, so that it is asked.
    const shards = await disks.shardFiles(kept.large.extents[0]?.segment ?? '');
    const [bad = 0, ...others] = shards.map((file) => disks.paths.findIndex((path) => file.startsWith(path)));
    files.fail({ operation: ['read', 'readv'], path: disks.path(bad), code: 'EIO', times: 1 });
    await disks.moveAway(others.slice(0, 2));
    await store.checkDisks();
    await expectKept(store, kept);
    expect(stateOf(store, bad)).toMatchObject({ state: 'failed', reason: expect.stringContaining('a read failed') });
    await disks.moveAway(others.slice(2, 3));
    await store.checkDisks();
    await expectKept(store, kept);
    await disks.moveBack(others.slice(0, 3));
  });

  it.each(['EMFILE', 'ENFILE'])(
    '%s on every third call of a while → durable or refused, and no disk is blamed',
    async (code) => {
      const disks = await BlobDisks.create();
      const files = FaultyFiles.install();
      const store = await disks.open();
      for (const disk of [0, 4])
        files.fail({ operation: 'open', path: join(disks.path(disk), 'segments'), code, times: 2 });
      const kept = await keep(store);
      expect(store.disks().every(({ state }) => state === 'healthy')).toBe(true);
      await disks.moveAway([1]);
      await store.checkDisks();
      await expectKept(store, kept);
      await disks.moveBack([1]);
    },
  );
});

describe('disks that hang', () => {
  it.each(['writev', 'datasync', 'open', 'sync'] as const)(
    '%s hangs during a write → the wave goes on without the disk; it is back when it answers',
    async (operation) => {
      const disks = await BlobDisks.create();
      const files = FaultyFiles.install();
      const store = await disks.open({ diskTimeoutMs: TIMEOUT_MS });
      const hang = files.hang({ operation, path: join(disks.path(6), 'segments') });
      const kept = await keep(store);
      // Each of the two segments was waited for once: had a stripe behind the first waited anew, there would be more.
      expect(hang.met).toBeLessThanOrEqual(2);
      expect(stateOf(store, 6)).toMatchObject({ state: 'suspect', reason: expect.stringMatching(/not answered/) });
      const before = hang.met;
      const during = await keep(store);
      expect(hang.met).toBe(before);
      await expectKept(store, kept);
      hang.release();
      await becomes(store, 6, 'healthy');
      const after = await keep(store);
      await disks.moveAway([0, 1]);
      await store.checkDisks();
      for (const some of [kept, during, after]) await expectKept(store, some);
      await disks.moveBack([0, 1]);
    },
  );

  it('what hangs is written late, over memory that others would want → the memory is left to it', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: TIMEOUT_MS, stripeBufferCount: 6 });
    const hang = files.hang({ operation: 'writev', path: disks.path(6) });
    const ref = await store.write(inPieces(LARGE), label('x'));
    const others = await Promise.all(
      [3, 4, 5].map((seed) => store.write(inPieces(sampleBytes(LARGE.length, seed)), label('y'))),
    );
    hang.release();
    await becomes(store, 6, 'healthy');
    await disks.moveAway([0, 1]);
    await store.checkDisks();
    expect((await readAll(store, ref)).equals(LARGE)).toBe(true);
    for (const [i, other] of others.entries()) {
      expect((await readAll(store, other)).equals(sampleBytes(LARGE.length, 3 + i))).toBe(true);
    }
    // The shard was given up, but what came late is what was meant for it.
    expect((await stat(await shardFileOf(disks, ref, 6))).size).toBeGreaterThan(0);
    for await (const region of inspectShardFile(await shardFileOf(disks, ref, 6))) {
      expect(region).toMatchObject({ kind: 'stripe', badBlocks: [], directoryGood: true });
    }
    await disks.moveBack([0, 1]);
  });

  it.each([[[4]], [[0, 4, 8]]])(
    'reads of disks %j hang → parity is asked, no byte is wrong, also when they end late',
    async (hung) => {
      const disks = await BlobDisks.create();
      const files = FaultyFiles.install();
      const store = await disks.open({ diskTimeoutMs: LONG_MS });
      const kept = await keep(store);
      const hangs = hung.map((disk) => files.hang({ operation: ['read', 'readv'], path: disks.path(disk) }));
      const startedMs = performance.now();
      const pieces: Uint8Array[] = [];
      for await (const piece of store.read(kept.large, { start: 0, end: LARGE.length })) pieces.push(piece);
      // None of its three stripes waits until what hangs is given up.
      expect(performance.now() - startedMs).toBeLessThan(LONG_MS);
      expect(Buffer.concat(pieces).equals(LARGE)).toBe(true);
      for (const hang of hangs) hang.release();
      for (const disk of hung) await becomes(store, disk, 'healthy');
      await expectKept(store, kept);
      // Closing waits for the reads that ended late. What was given out is the caller's: they have not touched it.
      await store.close();
      expect(Buffer.concat(pieces).equals(LARGE)).toBe(true);
    },
  );

  it('a slow disk, far from hanging → its shards are raced, and it stays healthy', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: LONG_MS });
    const kept = await keep(store);
    const hang = files.hang({ operation: ['read', 'readv'], path: disks.path(1) });
    await disks.moveAway([0, 8]);
    await store.checkDisks();
    await expectKept(store, kept);
    expect(stateOf(store, 1).state).toBe('healthy');
    hang.release();
    await disks.moveBack([0, 8]);
  });

  it('a slow disk where reads are quick → its shards are raced within a moment, however long a disk may take', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: 600_000 });
    const kept = await keep(store);
    await expectKept(store, kept);
    const [shard = ''] = await disks.shardFiles(kept.small.extents[0]?.segment ?? '');
    const hang = files.hang({ operation: ['read', 'readv'], path: shard });
    await expectKept(store, kept);
    expect(hang.met).toBe(1);
    expect(store.disks().map(({ state }) => state)).toEqual(new Array(9).fill('healthy'));
    hang.release();
  });

  it('four disks hang → Unreadable after a while, and right again once one of them answers', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: TIMEOUT_MS });
    const { large } = await keep(store);
    const hangs = [0, 2, 4, 6].map((disk) => files.hang({ operation: ['read', 'readv'], path: disks.path(disk) }));
    await expect(readAll(store, large).then(({ length }) => length)).rejects.toMatchObject({ code: 'Unreadable' });
    for (const hang of hangs) hang.release();
    for (const disk of [0, 2, 4, 6]) await becomes(store, disk, 'healthy');
    expect((await readAll(store, large)).equals(LARGE)).toBe(true);
  });

  it('many operations at once → a disk that hangs keeps few of them, and one probe', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: TIMEOUT_MS });
    const kept = await keep(store);
    const hang = files.hang({ path: disks.path(7) });
    await Promise.all(Array.from({ length: 30 }, () => expectKept(store, kept)));
    await keep(store);
    await becomes(store, 7, 'suspect');
    for (let i = 0; i < 5; i++) await store.checkDisks();
    expect(hang.met).toBeLessThanOrEqual(4);
    hang.release();
    await becomes(store, 7, 'healthy');
  });

  it('the identity file of one hangs → the others are looked at meanwhile', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: 60_000 });
    const hang = files.hang({ operation: 'stat', path: disks.path(0) });
    const looking = store.checkDisks();
    const seen = (state: DiskState['state']) =>
      eventually(() => {
        void store.checkDisks();
        expect(stateOf(store, 5).state).toBe(state);
      });
    await disks.moveAway([5]);
    await seen('missing');
    await disks.moveBack([5]);
    await seen('healthy');
    hang.release();
    await looking;
  });

  it('closed while a disk hangs → it closes', async () => {
    const disks = await BlobDisks.create();
    const files = FaultyFiles.install();
    const store = await disks.open({ diskTimeoutMs: TIMEOUT_MS });
    const kept = await keep(store);
    files.hang({ path: disks.path(7) });
    await expectKept(store, kept);
    await keep(store);
    await store.close();
  });
});
