import type { Scene } from '../scene.ts';
import { complete, copy, expectContent, newUpload, prepareStore, put, remove, theBucket } from './actions.ts';

const content = { seed: 'source', size: 6000 };

export const copies: Scene = {
  name: 'copies',
  story:
    'An object is copied, which moves no bytes, and its source deleted. A range of the copy becomes the part of an upload, ' +
    'the copy is deleted, and the upload completed: the bytes of the first object are now named by it alone.',
  prepare: () => prepareStore({}, (system) => put(system, 'source', content)),
  async play(stage) {
    const source = await stage.step(() => copy(stage, { from: 'source', to: 'copy' }));
    await expectContent(stage, 'copy', content);
    await stage.step(() => remove(stage, 'source'));
    const upload = await stage.step(() => newUpload(stage, 'joined'));
    const range = { start: 0, end: content.size };
    const part = await stage.step(async () =>
      stage.engine.uploads.copyPart({ bucket: await theBucket(stage), upload, partNumber: 1, source, range }),
    );
    await stage.step(() => remove(stage, 'copy'));
    await stage.step(() => complete(stage, upload, [part]));
    await expectContent(stage, 'joined', content);
  },
};
