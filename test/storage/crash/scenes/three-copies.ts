import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put, remove } from './actions.ts';

const storageClass = 'EXPRESS_ONEZONE';
const small = { seed: 'small', size: 3000, storageClass };
const large = { seed: 'large', size: 600_000, storageClass };

export const threeCopies: Scene = {
  name: 'three-copies',
  story:
    'In a class that is kept as three whole copies an object is put that is packed, and a large one; one is deleted.',
  disksLost: 2,
  prepare: () => prepareStore(),
  async play(stage) {
    await stage.step(() => put(stage, 'a', small));
    await stage.step(() => put(stage, 'b', large));
    await expectContent(stage, 'b', large);
    await stage.step(() => remove(stage, 'a'));
  },
};
