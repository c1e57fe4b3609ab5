import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put } from './actions.ts';

const content = { seed: 'first', size: 2000 };

export const cleanRestart: Scene = {
  name: 'clean-restart',
  story:
    'An object is put and the server stopped, which copies the write-ahead log of the index database into it. It starts ' +
    'again, the object is replaced, and it stops again.',
  prepare: () => prepareStore(),
  async play(stage) {
    await stage.step(() => put(stage, 'a', { seed: 'before', size: 500 }));
    await stage.close();
    await stage.open();
    await stage.step(() => put(stage, 'a', content));
    await expectContent(stage, 'a', content);
    await stage.close();
  },
};
