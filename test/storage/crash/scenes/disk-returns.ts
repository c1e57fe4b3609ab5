import { renameSync } from 'node:fs';
import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put } from './actions.ts';

const disk = 'data/zone-b/disk-2';
const away = 'disk-that-is-away';
const content = { seed: 'while it is away', size: 20_000 };

export const diskReturns: Scene = {
  name: 'disk-returns',
  story:
    'While a disk is away an object is put and another replaced, on eight disks. The disk comes back, is verified, and ' +
    'gets what it has missed. Another object is put.',
  // One is away already.
  disksLost: 0,
  prepare: () =>
    prepareStore({}, async (system) => {
      await put(system, 'a', { seed: 'a', size: 30_000 });
      await put(system, 'b', { seed: 'b', size: 3000 });
    }),
  async play(stage) {
    const { blobs } = stage.system;
    await stage.step(() => put(stage, 'c', { seed: 'c', size: 9000 }));
    renameSync(disk, away);
    await blobs.checkDisks();
    await stage.step(() => put(stage, 'd', content));
    await stage.step(() => put(stage, 'b', content));
    renameSync(away, disk);
    await blobs.checkDisks();
    await stage.step(() => stage.system.mend());
    await expectContent(stage, 'd', content);
    await stage.step(() => put(stage, 'e', { seed: 'e', size: 700 }));
  },
};
