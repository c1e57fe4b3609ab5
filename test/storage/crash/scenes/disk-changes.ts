import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Scene } from '../scene.ts';
import type { System } from '../system.ts';
import { expectContent, prepareStore, put, type Store } from './actions.ts';

const options = { segmentSizeMaxBytes: 40_000 };
const content = { seed: 'a', size: 50_000 };

async function fill(store: Store): Promise<void> {
  for (const key of ['a', 'b', 'c']) await put(store, key, content);
}

/** Disks by their places, which are absolute for whoever opens them. */
const diskAt = (name: string): string => resolve('data', name);

function replaceLost({ blobs }: Pick<System, 'blobs'>): Promise<unknown> {
  return blobs.replaceDisk({ id: diskAt('zone-c/disk-1'), path: diskAt('zone-c/disk-4') });
}

function addTenth({ blobs }: Pick<System, 'blobs'>): Promise<unknown> {
  return blobs.addDisk({ zone: 'zone-a', path: diskAt('zone-a/disk-4') });
}

/** Unless it has been done. */
async function withDisk({ blobs }: System, name: string, make: () => Promise<unknown>): Promise<void> {
  if (!blobs.disks().some(({ path }) => path === diskAt(name))) await make();
}

export const diskReplaced: Scene = {
  name: 'disk-replaced',
  story:
    'A disk is lost. An empty folder takes its place, gets its shards rebuilt from the others, and takes those of another object.',
  options,
  // One is lost already.
  disksLost: 0,
  prepare: async () => {
    await prepareStore(options, fill);
    rmSync('data/zone-c/disk-1', { recursive: true });
  },
  async play(stage) {
    await stage.step(() => replaceLost(stage.system));
    await stage.step(() => stage.system.mend());
    await stage.step(() => put(stage, 'd', content));
    await expectContent(stage, 'a', content);
  },
  askAgain: (system) => withDisk(system, 'zone-c/disk-4', () => replaceLost(system)),
};

export const diskDrained: Scene = {
  name: 'disk-drained',
  story:
    'A tenth disk is added, and its share of the shards moves there. Another disk is drained and, once it holds nothing any ' +
    'more, removed. Another object is put.',
  options,
  prepare: () => prepareStore(options, fill),
  async play(stage) {
    const { blobs } = stage.system;
    const drained = diskAt('zone-a/disk-2');
    await stage.step(() => addTenth(stage.system));
    await stage.step(() => stage.system.mend());
    await stage.step(() => blobs.drainDisk(drained));
    await stage.step(() => stage.system.mend());
    await stage.step(() => blobs.removeDisk(drained));
    await stage.step(() => put(stage, 'd', content));
    await expectContent(stage, 'a', content);
  },
  askAgain: (system) => withDisk(system, 'zone-a/disk-4', () => addTenth(system)),
};
