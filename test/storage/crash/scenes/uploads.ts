import type { Scene } from '../scene.ts';
import { complete, expectContent, newUpload, prepareStore, put, putPart, theBucket } from './actions.ts';

const first = { seed: 'first part', size: 9000 };
const second = { seed: 'second part', size: 1_200_000 };
const other = { seed: 'other part', size: 4000 };

export const uploads: Scene = {
  name: 'uploads',
  story:
    'An upload is begun for a key that has an object. It gets a small part, a large one, and another first part in place ' +
    'of the one before, and is completed. A second upload gets a part and is aborted.',
  prepare: () => prepareStore({}, (system) => put(system, 'a', { seed: 'before', size: 100 })),
  async play(stage) {
    const upload = await stage.step(() => newUpload(stage, 'a'));
    await stage.step(() => putPart(stage, upload, 1, other));
    await stage.step(() => putPart(stage, upload, 2, second));
    await stage.step(() => putPart(stage, upload, 1, first));
    const { parts } = await stage.engine.uploads.listParts(upload, { after: 0, limit: 10 });
    await stage.step(() => complete(stage, upload, parts));
    await expectContent(stage, 'a', first, second);
    const given = await stage.step(() => newUpload(stage, 'b'));
    await stage.step(() => putPart(stage, given, 1, first));
    await stage.step(async () => stage.engine.uploads.abort(await theBucket(stage), 'b', given.uploadId));
  },
};
