import type { Scene } from '../scene.ts';
import { prepareStore, put, remove } from './actions.ts';

const sizes = [0, 10, 700, 5000, 40_000, 1_200_000];

export const concurrentWrites: Scene = {
  name: 'concurrent-writes',
  story:
    'Six objects of all sizes are put at once, which puts some of them into one batch, and then two deleted and two ' +
    'replaced at once.',
  prepare: () => prepareStore(),
  async play(stage) {
    await stage.together(
      sizes.map((size) => ({
        changes: `key bucket/of-${size}`,
        run: () => put(stage, `of-${size}`, { seed: 'first', size }),
      })),
    );
    await stage.together<unknown>([
      { changes: 'key bucket/of-0', run: () => remove(stage, 'of-0') },
      { changes: 'key bucket/of-700', run: () => put(stage, 'of-700', { seed: 'second', size: 10 }) },
      { changes: 'key bucket/of-1200000', run: () => remove(stage, 'of-1200000') },
      { changes: 'key bucket/of-10', run: () => put(stage, 'of-10', { seed: 'second', size: 3000 }) },
    ]);
  },
};
