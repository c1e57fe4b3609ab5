import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put } from './actions.ts';

const medium = { seed: 'medium', size: 300_000 };
const other = { seed: 'other', size: 700_000 };

export const mediumObjects: Scene = {
  name: 'medium-objects',
  story:
    'Objects are put that are packed, but large enough to go past the cache: one alone, then three at once, of which one is small, ' +
    'then the first again with other content.',
  prepare: () => prepareStore(),
  async play(stage) {
    await stage.step(() => put(stage, 'a', medium));
    await expectContent(stage, 'a', medium);
    await stage.together(
      [262_144, 700_000, 100].map((size) => ({
        changes: `key bucket/of-${size}`,
        run: () => put(stage, `of-${size}`, { seed: 'first', size }),
      })),
    );
    await stage.step(() => put(stage, 'a', other));
    await expectContent(stage, 'a', other);
  },
};
