import type { Scene } from '../scene.ts';
import { expectContent, newBucket, put } from './actions.ts';

const content = { seed: 'first', size: 3000 };

export const firstStart: Scene = {
  name: 'first-start',
  story: 'A server starts for the first time, on an empty folder. A bucket is made, and an object is put into it.',
  triesStart: true,
  async play(stage) {
    await stage.step(() => newBucket(stage));
    await stage.step(() => put(stage, 'a', content));
    await expectContent(stage, 'a', content);
  },
};
