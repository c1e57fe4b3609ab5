import type { Scene } from '../scene.ts';
import { complete, copy, expectContent, newUpload, prepareStore, put, putPart, remove, type Store } from './actions.ts';

const options = { segmentSizeMaxBytes: 30_000 };
const kept = { seed: 'kept', size: 4000 };
const large = { seed: 'large', size: 1_200_000 };

/** Segments in which most is dead, beside an object in two parts, a copy and a large object. */
async function fill(store: Store): Promise<void> {
  for (const key of ['a', 'b', 'c', 'd', 'e']) await put(store, key, { seed: key, size: 30_000 });
  await put(store, 'kept', kept);
  const upload = await newUpload(store, 'parts');
  const parts = [await putPart(store, upload, 1, kept), await putPart(store, upload, 2, { seed: 'two', size: 900 })];
  await complete(store, upload, parts);
  await copy(store, { from: 'kept', to: 'copy' });
  await put(store, 'large', large);
  await put(store, 'large-and-dead', { ...large, seed: 'dead' });
  for (const key of ['a', 'b', 'c', 'd', 'large-and-dead']) await remove(store, key);
}

export const compaction: Scene = {
  name: 'compaction',
  story:
    'Most objects of some segments were deleted. What is alive in them, among it the parts of an upload and what a copy ' +
    'shares, is moved to other segments, and the segments are collected. Another object is put.',
  options,
  prepare: () => prepareStore(options, fill),
  async play(stage) {
    await stage.step(() => stage.system.compact());
    await expectContent(stage, 'copy', kept);
    await expectContent(stage, 'large', large);
    await stage.step(() => stage.system.collectGarbage());
    await stage.step(() => put(stage, 'b', { seed: 'another', size: 700 }));
  },
};
