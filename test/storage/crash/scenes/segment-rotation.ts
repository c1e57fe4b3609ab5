import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put } from './actions.ts';

const options = { segmentSizeMaxBytes: 4000 };

export const segmentRotation: Scene = {
  name: 'segment-rotation',
  story: 'Objects are put into a store whose segments take one of them each, so that every put begins nine files.',
  options,
  prepare: () => prepareStore(options),
  async play(stage) {
    for (const key of ['a', 'b', 'a']) await stage.step(() => put(stage, key, { seed: key, size: 20_000 }));
    await expectContent(stage, 'a', { seed: 'a', size: 20_000 });
  },
};
