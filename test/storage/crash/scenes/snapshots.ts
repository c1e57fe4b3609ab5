import { rmSync } from 'node:fs';
import type { Scene } from '../scene.ts';
import { System } from '../system.ts';
import { prepareStore, put, type Store, theBucket } from './actions.ts';

/** Snapshots as soon as the log is as long as the last one, and log files of a few records. */
const options = { logFileSizeMaxBytes: 2000, snapshotLogBytes: 1 };

/** Written and written over, it makes the log long and not the index. */
async function setDocument(store: Store, bytes: number): Promise<void> {
  const document = JSON.stringify({ padding: 'x'.repeat(bytes) });
  await store.engine.buckets.setConfig(await theBucket(store), 'tagging', document);
}

const prepare = () =>
  prepareStore(options, async (system) => {
    for (const key of ['a', 'b', 'c']) await put(system, key, { seed: key, size: 100 });
    await setDocument(system, 200_000);
    await setDocument(system, 0);
  });

export const snapshots: Scene = {
  name: 'snapshots',
  story:
    'A snapshot of the index is made and copied into every zone, and the log dropped that it covers. When the log has ' +
    'become long again, another one takes its place. Objects are put between.',
  options,
  prepare,
  async play(stage) {
    await stage.step(() => stage.system.keepSnapshots());
    await stage.step(() => put(stage, 'a', { seed: 'another', size: 200 }));
    await stage.step(() => setDocument(stage, 200_000));
    await stage.step(() => setDocument(stage, 0));
    await stage.step(() => stage.system.keepSnapshots());
    await stage.step(() => put(stage, 'd', { seed: 'd', size: 200 }));
  },
};

async function prepareLoss(): Promise<void> {
  await prepare();
  {
    await using system = await System.open(options);
    await system.keepSnapshots();
    await put(system, 'a', { seed: 'another', size: 200 });
  }
  rmSync('data/zone-a/index', { recursive: true });
  rmSync('data/zone-b/log', { recursive: true });
}

export const restoredIndex: Scene = {
  name: 'restored-index',
  story:
    'The index database is lost, and with it the snapshot of its zone; another zone has lost its log. A server starts from ' +
    'the snapshot of another zone and the log behind it, and refills the zones. An object is put.',
  options,
  triesStart: true,
  prepare: prepareLoss,
  async play(stage) {
    await stage.step(() => put(stage, 'b', { seed: 'another', size: 200 }));
  },
};
