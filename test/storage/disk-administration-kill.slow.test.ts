/** A process that ends in the middle of a change of disks: whatever was written by then, the change is done or it is not. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import { BlobDisks, inPieces, label, readAll, sampleBytes } from '../support/blob-disks.ts';
import { FaultyFiles } from '../support/faulty-files.ts';
import { mendAll } from '../support/maintenance.ts';

const BYTES = sampleBytes(50_000, 1);

const acts: Record<string, (store: ErasureBlobStore, disks: BlobDisks) => Promise<unknown>> = {
  add: (store, disks) => store.addDisk({ zone: 'zone-1', path: join(disks.root, 'zone-1', 'disk-other') }),
  drain: (store, disks) => store.drainDisk(disks.path(4)),
  replace: (store, disks) => store.replaceDisk({ id: disks.path(4), path: join(disks.root, 'zone-1', 'disk-other') }),
  remove: (store, disks) => store.removeDisk(disks.path(8)),
};

it.each(Object.keys(acts))(
  '%s, ended before each of its operations on files → done or not done, and what is stored is right',
  async (name) => {
    const disks = await BlobDisks.create();
    const open = () => disks.open({ zones: disks.registeredZones });
    const store = await open();
    const ref = await store.write(inPieces(BYTES), label('x'));
    store.maintenance.retireOpen();
    for (const { name: zone, path } of disks.registeredZones)
      await store.addDisk({ zone, path: join(path, 'disk-new') });
    store.release(ref);
    await store.drainDisk(disks.path(8));
    await mendAll(store);
    await store.close();
    const kept = `${disks.root}.kept`;
    await cp(disks.root, kept, { recursive: true });
    const files = FaultyFiles.install();
    const outcomes = new Set<string>();
    for (let skip = 0, isOver = false; !isOver; skip++) {
      const dying = await open();
      const fault = files.fail({ path: disks.root, code: 'EIO', skip });
      await acts[name]?.(dying, disks).catch(() => {});
      isOver = fault.met === 0;
      fault.release();
      const next = await open();
      const states = next.disks().map(({ path, state }) => `${path} ${state}`);
      outcomes.add(states.join());
      expect(states.filter((state) => !/ (healthy|draining|replaced)$/.test(state))).toEqual([]);
      expect((await readAll(next, ref)).equals(BYTES)).toBe(true);
      await Promise.all([dying.close(), next.close()]);
      await rm(disks.root, { recursive: true });
      await cp(kept, disks.root, { recursive: true });
    }
    await rm(kept, { recursive: true });
    expect(outcomes.size).toBe(2);
  },
);
