import { rmSync } from 'node:fs';
import { DataFolderError } from '../../../../src/data-folder.ts';
import { rebuildIndexOf } from '../../../../src/rebuild-index.ts';
import type { Scene } from '../scene.ts';
import { systemConfig, zoneNames } from '../system.ts';
import { prepareStore, put } from './actions.ts';

/** Not every write of an index that does not count yet: its beginning, and how it comes to count and into its place. */
const tries = /rebuild( |$)|rebuild\/(log|index)( |$)|rebuilt|aside|epoch|^sync \.\/data\/zone-.$/;

const fill = () =>
  prepareStore({}, async (system) => {
    await put(system, 'a', { seed: 'a', size: 100 });
    await put(system, 'b', { seed: 'b', size: 3000 });
  });

export const rebuiltIndex: Scene = {
  name: 'rebuilt-index',
  story:
    'The index and its log are lost in every zone. The operator has them made anew from the disks, with a command that is ' +
    'run again in the same words if it dies. A server starts, and an object is put.',
  triesStart: true,
  tries,
  async prepare() {
    await fill();
    for (const zone of zoneNames)
      for (const name of ['log', 'index']) rmSync(`data/${zone}/${name}`, { recursive: true, force: true });
  },
  async makeReady() {
    try {
      await rebuildIndexOf(systemConfig(), { force: false });
    } catch (error) {
      // It is refused where there is an index, and then it is not needed.
      if (!(error instanceof DataFolderError)) throw error;
    }
  },
  async play(stage) {
    await stage.step(() => put(stage, 'c', { seed: 'c', size: 200 }));
  },
};

export const forcedRebuild: Scene = {
  name: 'forced-rebuild',
  story:
    'The server is stopped, and the index made anew by force beside the one that is there. Whatever dies, the next server ' +
    'starts from the old one or from the new one.',
  tries,
  prepare: fill,
  async play(stage) {
    await stage.step(async () => {
      await stage.close();
      await rebuildIndexOf(systemConfig(), { force: true });
      await stage.open();
    });
    await stage.step(() => put(stage, 'c', { seed: 'c', size: 200 }));
  },
};
