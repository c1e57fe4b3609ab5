/** Disks added, drained, replaced and removed while the store serves: what changes, what is refused, what a restart finds. */
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDisk } from '../../src/blob/disk-identity.ts';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import type { BlobRef, DiskState } from '../../src/blob/types.ts';
import { BlobDisks, CLUSTER_ID, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { mendAll } from '../support/maintenance.ts';

const BYTES = sampleBytes(50_000, 1);

async function setUp(): Promise<{ disks: BlobDisks; open: () => Promise<ErasureBlobStore>; store: ErasureBlobStore }> {
  const disks = await BlobDisks.create();
  const open = () => disks.open({ zones: disks.registeredZones });
  return { disks, open, store: await open() };
}

/** Writes blobs, each to a segment of its own, which is sealed. */
async function writeSome(store: ErasureBlobStore, count = 6): Promise<BlobRef[]> {
  const refs: BlobRef[] = [];
  for (let i = 0; i < count; i++) {
    const ref = await store.write(inPieces(BYTES), label('x'));
    store.release(ref);
    store.maintenance.retireOpen();
    refs.push(ref);
  }
  return refs;
}

async function expectRight(store: ErasureBlobStore, refs: readonly BlobRef[]): Promise<void> {
  for (const ref of refs) expect((await readAll(store, ref)).equals(BYTES)).toBe(true);
}

/** Gives every zone a fourth disk. */
async function addOneEach(disks: BlobDisks, store: ErasureBlobStore): Promise<DiskState[]> {
  const added: DiskState[] = [];
  for (const { name, path } of disks.registeredZones) {
    added.push(await store.addDisk({ zone: name, path: join(path, 'disk-new') }));
  }
  return added;
}

function stateAt(store: ErasureBlobStore, path: string): DiskState | undefined {
  return store.disks().find((disk) => disk.path === path);
}

async function shardsOn(path: string): Promise<number> {
  return (await readdir(join(path, 'segments'))).length;
}

const registryOf = async (disks: BlobDisks, zone: number): Promise<unknown> =>
  JSON.parse(await readFile(join(disks.root, `zone-${zone}`, 'ninefold-disks.json'), 'utf8'));

describe('adding', () => {
  it('an empty folder → a healthy disk that new segments use, also after a restart', async () => {
    const { disks, open, store } = await setUp();
    const before = await writeSome(store);
    const path = join(disks.root, 'elsewhere', 'disk');
    expect(await store.addDisk({ zone: 'zone-1', path })).toMatchObject({ zone: 'zone-1', path, state: 'healthy' });
    const after = await writeSome(store, 12);
    expect(await shardsOn(path)).toBeGreaterThan(0);
    await store.close();
    const again = await open();
    expect(again.disks()).toHaveLength(10);
    expect(stateAt(again, path)).toMatchObject({ state: 'healthy' });
    await expectRight(again, [...before, ...after]);
  });

  it('its share of what exists moves to it, and nothing else does', async () => {
    const { disks, store } = await setUp();
    const refs = await writeSome(store, 20);
    const added = await addOneEach(disks, store);
    const misplaced = store.maintenance.health().reduce((sum, health) => sum + health.misplaced.length, 0);
    // In each zone three of four disks are chosen: a quarter of the shards moves.
    expect(misplaced).toBeGreaterThan((20 * 9) / 4 / 2);
    expect(misplaced).toBeLessThan(((20 * 9) / 4) * 1.6);
    await mendAll(store);
    const moved = await Promise.all(added.map(({ path }) => shardsOn(path)));
    expect(moved.reduce((sum, count) => sum + count, 0)).toBe(misplaced);
    await expectRight(store, refs);
  });

  it('what cannot become a disk → refused with the reason, and nothing has changed', async () => {
    const { disks, store } = await setUp();
    const at = (name: string): string => join(disks.root, name);
    await mkdir(at('full'));
    await writeFile(join(at('full'), 'letter.txt'), 'mine');
    await createDisk(at('foreign'), { clusterId: 'dd'.repeat(16), zone: 'zone-0' });
    await cp(disks.path(0), at('copy'), { recursive: true });
    const refusals: [zone: string, path: string, code: string, reason: RegExp][] = [
      ['zone-9', at('new'), 'UnknownZone', /no zone zone-9/],
      ['zone-0', 'new', 'UnusableFolder', /not an absolute path/],
      ['zone-0', at('full'), 'UnusableFolder', /not empty: there is letter.txt/],
      ['zone-0', at('foreign'), 'UnusableFolder', /another cluster/],
      ['zone-0', at('copy'), 'UnusableFolder', /a copy of one/],
      ['zone-0', disks.path(2), 'UnusableFolder', /lie in one another/],
      ['zone-0', join(disks.path(2), 'segments'), 'UnusableFolder', /lie in one another/],
      ['zone-0', join(at('full'), 'letter.txt', 'x'), 'UnusableFolder', /cannot be made a disk/],
    ];
    for (const [zone, path, code, message] of refusals) {
      await expect(store.addDisk({ zone, path })).rejects.toMatchObject({
        name: 'DiskRefusal',
        code,
        message: expect.stringMatching(message),
      });
    }
    expect(store.disks()).toHaveLength(9);
  });

  it('cut off before it was registered → no disk after a restart, and the same folder can be added', async () => {
    const { disks, open, store } = await setUp();
    const files = FaultyFiles.install();
    const path = join(disks.root, 'zone-0', 'disk-new');
    const fault = files.fail({ operation: 'rename', path: /ninefold-disks\.json/, code: 'EIO' });
    await expect(store.addDisk({ zone: 'zone-0', path })).rejects.toMatchObject({ code: 'RegistryNotWritten' });
    expect(store.disks()).toHaveLength(9);
    fault.release();
    await store.close();
    const again = await open();
    expect(again.disks()).toHaveLength(9);
    await again.addDisk({ zone: 'zone-0', path });
    expect(again.disks()).toHaveLength(10);
  });
});

describe('draining and removing', () => {
  it('with nine disks → refused: the zone has no other', async () => {
    const { disks, store } = await setUp();
    await expect(store.drainDisk(disks.path(4))).rejects.toMatchObject({ code: 'TooFewDisks' });
    await expect(store.removeDisk(disks.path(4))).rejects.toMatchObject({ code: 'WrongState' });
    await expect(store.removeDisk('nowhere')).rejects.toMatchObject({ code: 'UnknownDisk' });
    expect(stateAt(store, disks.path(4))?.state).toBe('healthy');
  });

  it('with spare disks → nothing new is put there, its shards move, and it can be removed; all of it survives restarts', async () => {
    const { disks, open, store } = await setUp();
    const before = await writeSome(store, 4);
    await addOneEach(disks, store);
    const { id = '' } = stateAt(store, disks.path(4)) ?? {};
    expect(await store.drainDisk(id)).toMatchObject({ state: 'draining', path: disks.path(4) });
    const held = await shardsOn(disks.path(4));
    expect(held).toBeGreaterThan(0);
    const after = await writeSome(store, 4);
    expect(await shardsOn(disks.path(4))).toBe(held);
    await expect(store.removeDisk(id)).rejects.toMatchObject({ code: 'StillNeeded' });
    await store.close();

    const restarted = await open();
    expect(stateAt(restarted, disks.path(4))?.state).toBe('draining');
    await mendAll(restarted);
    expect(await shardsOn(disks.path(4))).toBe(0);
    await restarted.removeDisk(id);
    expect(restarted.disks()).toHaveLength(11);
    await expectRight(restarted, [...before, ...after]);
    await restarted.close();

    // The configuration still names its folder.
    const again = await open();
    expect(stateAt(again, disks.path(4))).toBeUndefined();
    await expectRight(again, [...before, ...after]);
    await expect(again.addDisk({ zone: 'zone-1', path: disks.path(4) })).rejects.toMatchObject({
      message: expect.stringContaining('was removed'),
    });
    await rm(disks.path(4), { recursive: true });
    const fresh = await again.addDisk({ zone: 'zone-1', path: disks.path(4) });
    expect(fresh.id).not.toBe(id);
    expect(fresh.state).toBe('healthy');
  });

  it('a removed disk put in the place of another → not taken back', async () => {
    const { disks, store } = await setUp();
    await addOneEach(disks, store);
    await store.drainDisk(disks.path(4));
    await store.removeDisk(disks.path(4));
    await disks.moveAway([5]);
    await rename(disks.path(4), disks.path(5));
    await store.checkDisks();
    expect(stateAt(store, disks.path(5))).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('was removed'),
    });
  });

  it('a disk that is gone → removed if the others have all that it held, refused while they have not', async () => {
    const { disks, store } = await setUp();
    await addOneEach(disks, store);
    const refs = await writeSome(store, 6);
    // Of each segment at least two shards lie on three disks of a zone.
    await disks.moveAway([0, 1, 2, 3, 4, 5]);
    await store.checkDisks();
    await expect(store.removeDisk(disks.path(0))).rejects.toMatchObject({ code: 'StillNeeded' });
    await disks.moveBack([1, 2, 3, 4, 5]);
    await store.checkDisks();
    await store.removeDisk(disks.path(0));
    expect(store.disks()).toHaveLength(11);
    await mendAll(store);
    expect(store.maintenance.health().every(({ missing }) => missing.length === 0)).toBe(true);
    await expectRight(store, refs);
  });
});

describe('replacing', () => {
  it('a disk that is lost, by an empty folder in the same place → rebuilt there; the old one is never taken back', async () => {
    const { disks, open, store } = await setUp();
    const refs = await writeSome(store);
    await disks.moveAway([7]);
    await store.checkDisks();
    const old = stateAt(store, disks.path(7));
    const fresh = await store.replaceDisk({ id: disks.path(7), path: disks.path(7) });
    expect(fresh).toMatchObject({ state: 'healthy', path: disks.path(7), zone: 'zone-2' });
    expect(fresh.id).not.toBe(old?.id);
    expect(store.disks()).toHaveLength(9);
    await mendAll(store);
    expect(await shardsOn(disks.path(7))).toBe(refs.length);
    await store.close();
    const again = await open();
    expect(again.disks().map(({ state }) => state)).toEqual(new Array(9).fill('healthy'));
    await disks.moveAway([0, 1, 2]);
    await again.checkDisks();
    await expectRight(again, refs);
    await disks.moveBack([0, 1, 2]);
    await rm(disks.path(7), { recursive: true });
    await rename(`${disks.path(7)}.away`, disks.path(7));
    await again.checkDisks();
    expect(stateAt(again, disks.path(7))?.state).toBe('failed');
  });

  it('a disk that is there, by another folder → read as long as it holds something, then removed', async () => {
    const { disks, open, store } = await setUp();
    const refs = await writeSome(store);
    const path = join(disks.root, 'zone-2', 'disk-new');
    await store.replaceDisk({ id: disks.path(7), path });
    expect(stateAt(store, disks.path(7))?.state).toBe('replaced');
    await disks.moveAway([0, 1, 2]);
    await store.checkDisks();
    await expectRight(store, refs);
    await disks.moveBack([0, 1, 2]);
    await store.checkDisks();
    await mendAll(store);
    expect(await shardsOn(path)).toBe(refs.length);
    await store.removeDisk(disks.path(7));
    await store.close();
    const again = await open();
    expect(again.disks()).toHaveLength(9);
    await expectRight(again, refs);
  });

  it('a folder with the disk still in it → refused', async () => {
    const { disks, store } = await setUp();
    await expect(store.replaceDisk({ id: disks.path(7), path: disks.path(7) })).rejects.toMatchObject({
      code: 'UnusableFolder',
    });
    expect(stateAt(store, disks.path(7))?.state).toBe('healthy');
  });
});

describe('the registry', () => {
  it('two of three zones cannot be written → refused, nothing has changed, also after a restart', async () => {
    const { disks, open, store } = await setUp();
    await addOneEach(disks, store);
    const files = FaultyFiles.install();
    files.fail({ operation: 'open', path: /zone-[01]\/ninefold-disks/, code: 'EROFS', times: 4 });
    await expect(store.drainDisk(disks.path(4))).rejects.toMatchObject({ code: 'RegistryNotWritten' });
    expect(stateAt(store, disks.path(4))?.state).toBe('healthy');
    await store.close();
    expect(stateAt(await open(), disks.path(4))?.state).toBe('healthy');
  });

  it('a zone lost, or its copy damaged or behind → the others have the say, and it is written anew', async () => {
    const { disks, open, store } = await setUp();
    const copy = join(disks.root, 'zone-0', 'ninefold-disks.json');
    const behind = await readFile(copy);
    await addOneEach(disks, store);
    await store.close();
    for (const content of [behind, Buffer.from('{"format": 1, "ver'), undefined]) {
      if (content === undefined) await rm(copy);
      else await writeFile(copy, content);
      const again = await open();
      expect(again.disks()).toHaveLength(12);
      await again.close();
      expect(await registryOf(disks, 0)).toEqual(await registryOf(disks, 1));
    }
  });

  it('two disks swapped while the server was down → both failed, with what is there instead', async () => {
    const { disks, open, store } = await setUp();
    const refs = await writeSome(store);
    await store.close();
    await disks.moveAway([0, 1]);
    await rename(`${disks.path(0)}.away`, disks.path(1));
    await rename(`${disks.path(1)}.away`, disks.path(0));
    const again = await open();
    expect(stateAt(again, disks.path(0))).toMatchObject({
      state: 'failed',
      reason: `the disk of ${disks.path(1)}, or a copy of it, is in its place`,
    });
    expect(stateAt(again, disks.path(1))?.state).toBe('failed');
    await expectRight(again, refs);
  });

  it('everything moved elsewhere, or one disk as the configuration says → found there', async () => {
    const { disks, store } = await setUp();
    const refs = await writeSome(store);
    await store.close();
    const moved = join(disks.root, 'moved');
    await mkdir(moved);
    for (const { name } of disks.zones) await rename(join(disks.root, name), join(moved, name));
    const odd = join(disks.root, 'odd');
    await rename(join(moved, 'zone-0', 'disk-1'), odd);
    const zones = disks.registeredZones.map(({ name, disks: paths }) => ({
      name,
      path: join(moved, name),
      disks: paths.map((_, i) => (name === 'zone-0' && i === 1 ? odd : join(moved, name, `disk-${i}`))),
    }));
    const again = await disks.open({ zones });
    expect(again.disks().map(({ state }) => state)).toEqual(new Array(9).fill('healthy'));
    expect(stateAt(again, odd)?.zone).toBe('zone-0');
    await expectRight(again, refs);
  });

  it.each(['emptied', 'gone', 'gone with the zone'])(
    'the folder of a disk that was seen before %s, without a single segment → missing, not made anew',
    async (how) => {
      const { disks, open, store } = await setUp();
      const before = store.disks();
      await store.close();
      const [, { path: zone } = { path: '' }] = disks.registeredZones;
      const lost = how === 'gone with the zone' ? zone : disks.path(3);
      await rename(lost, `${lost}.away`);
      if (how === 'emptied') await mkdir(lost);
      const without = await open();
      expect(stateAt(without, disks.path(3))?.state).toBe('missing');
      if (how === 'emptied') await rm(lost, { recursive: true });
      await rename(`${lost}.away`, lost);
      await without.checkDisks();
      const places = (states: readonly DiskState[]) => states.map(({ id, path, state }) => ({ id, path, state }));
      expect(places(without.disks())).toEqual(places(before));
    },
  );

  it('has the ids of its cluster only → a disk of another is refused as before', async () => {
    const { disks, store } = await setUp();
    const ids = store.disks().map(({ id }) => id);
    expect(new Set(ids).size).toBe(9);
    expect(await registryOf(disks, 2)).toMatchObject({
      format: 1,
      disks: ids.map((id) => ({ id, state: 'active' })),
    });
    expect(CLUSTER_ID).toHaveLength(32);
  });
});
