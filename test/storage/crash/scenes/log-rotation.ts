import type { Scene } from '../scene.ts';
import { prepareStore, put } from './actions.ts';

/** A file of the log takes the record of one object. */
const options = { logFileSizeMaxBytes: 1000 };

export const logRotation: Scene = {
  name: 'log-rotation',
  story:
    'Objects are put into a store whose log files take one record each, so that every put begins a file in each zone.',
  options,
  prepare: () => prepareStore(options),
  async play(stage) {
    for (const key of ['a', 'b', 'c']) await stage.step(() => put(stage, key, { seed: key, size: 1000 }));
  },
};
