import type { Scene } from '../scene.ts';
import { prepareStore, put, remove } from './actions.ts';

const options = { segmentSizeMaxBytes: 4000 };

export const garbage: Scene = {
  name: 'garbage',
  story:
    'Of three objects in segments of their own one is replaced and one deleted. The segments that nothing names any more ' +
    'are collected. Another object is put.',
  options,
  prepare: () =>
    prepareStore(options, async (system) => {
      for (const key of ['a', 'b', 'c']) await put(system, key, { seed: key, size: 20_000 });
    }),
  async play(stage) {
    await stage.step(() => put(stage, 'a', { seed: 'another', size: 100 }));
    await stage.step(() => remove(stage, 'b'));
    await stage.step(() => stage.system.collectGarbage());
    await stage.step(() => put(stage, 'd', { seed: 'd', size: 100 }));
  },
};
