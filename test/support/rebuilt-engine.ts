/** An index that is made anew from what the blobs of a store say, on disks of its own beside the store's. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createEngine } from '../../src/engine/engine.ts';
import { type RebuildReport, rebuildIndex } from '../../src/engine/rebuild/rebuild.ts';
import type { Engine } from '../../src/engine/types.ts';
import { flushAlongside } from '../../src/engine/wave.ts';
import { openIndex } from '../../src/meta/index-store.ts';
import type { Index } from '../../src/meta/types.ts';
import { type EngineStore, keys } from './engine-store.ts';

/** What a rebuild makes of the store's blobs, on an index of its own beside the store's. */
export async function withRebuilt(
  store: EngineStore,
  look: (rebuilt: { engine: Engine; index: Index; report: RebuildReport }) => Promise<void>,
): Promise<void> {
  const zones = ['a', 'b', 'c'].map((name) => ({ name, path: join(store.folder, `rebuilt-${name}`) }));
  for (const { path } of zones) await mkdir(path);
  const whole = { alongside: () => flushAlongside(store.blobs), isIntact: async () => true };
  const index = await openIndex({ zones, clusterId: '0123456789abcdef0123456789abcdef', ...whole });
  try {
    const report = await rebuildIndex({ index, blobs: store.blobs, region: 'us-east-1', nowMs: store.nowMs });
    await look({ engine: createEngine({ index, blobs: store.blobs, clock: store.clock, ...keys }), index, report });
  } finally {
    await index.close();
    for (const { path } of zones) await rm(path, { recursive: true });
  }
}
