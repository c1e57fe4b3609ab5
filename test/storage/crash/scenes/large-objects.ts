import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put } from './actions.ts';

/** Two stripes, one of them full. */
const large = { seed: 'large', size: 1_800_000 };
const larger = { seed: 'larger', size: 1_600_000 };
/** No two full stripes fit into one segment. */
const options = { segmentSizeMaxBytes: 300_000 };

export const largeObjects: Scene = {
  name: 'large-objects',
  story:
    'An object is put that is too large to be packed: it has stripes of its own, in two segments, as a segment takes ' +
    'only one of them. It is replaced by another large one.',
  options,
  prepare: () => prepareStore(options),
  async play(stage) {
    await stage.step(() => put(stage, 'a', large));
    await expectContent(stage, 'a', large);
    await stage.step(() => put(stage, 'a', larger));
    await expectContent(stage, 'a', larger);
  },
};
