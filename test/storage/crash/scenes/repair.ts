import assert from 'node:assert/strict';
import { globSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { Scene } from '../scene.ts';
import type { System } from '../system.ts';
import { prepareStore, put } from './actions.ts';

const options = { segmentSizeMaxBytes: 50_000 };

/** Removes every shard file of a disk, cuts those of a second one, and changes a byte in those of a third. */
function damageThreeDisks(): void {
  for (const path of globSync('data/zone-a/disk-1/segments/*.shard')) rmSync(path);
  for (const path of globSync('data/zone-b/disk-2/segments/*.shard')) truncateSync(path, 200);
  for (const path of globSync('data/zone-c/disk-3/segments/*.shard')) {
    const bytes = readFileSync(path);
    bytes[150] = (bytes[150] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }
}

async function mend(system: System): Promise<void> {
  await system.mend();
  const ailing = system.blobs.maintenance.health().filter(({ isSealed, goodShards }) => isSealed && goodShards < 9);
  assert.deepEqual(ailing, [], 'everything is mended');
}

export const repair: Scene = {
  name: 'repair',
  story:
    'Three disks have lost or damaged what they had. Everything is scrubbed, which finds that, and repaired: shard files ' +
    'are written anew beside their places and put there. An object is put.',
  options,
  prepare: async () => {
    await prepareStore(options, async (system) => {
      await put(system, 'a', { seed: 'a', size: 200_000 });
      await put(system, 'b', { seed: 'b', size: 5000 });
      await put(system, 'c', { seed: 'c', size: 100_000 });
    });
    damageThreeDisks();
  },
  async play(stage) {
    await stage.step(() => mend(stage.system));
    await stage.step(() => put(stage, 'a', { seed: 'another', size: 500 }));
  },
};
