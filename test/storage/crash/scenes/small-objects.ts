import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put } from './actions.ts';

const first = { seed: 'first', size: 700 };
const second = { seed: 'second', size: 5000 };

export const smallObjects: Scene = {
  name: 'small-objects',
  story:
    'A server starts on a store with an empty bucket. A small object is put, then another, then the first again with ' +
    'other content, then an empty one. All share a segment.',
  triesStart: true,
  prepare: () => prepareStore(),
  async play(stage) {
    await stage.step(() => put(stage, 'a', first));
    await expectContent(stage, 'a', first);
    await stage.step(() => put(stage, 'b', second));
    await stage.step(() => put(stage, 'a', second));
    await expectContent(stage, 'a', second);
    await stage.step(() => put(stage, 'empty', { seed: '', size: 0 }));
  },
};
