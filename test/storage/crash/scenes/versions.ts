import type { Scene } from '../scene.ts';
import { expectContent, prepareStore, put, remove, setVersioning } from './actions.ts';

const contentOf = (n: number) => ({ seed: `content ${n}`, size: 500 * n });

export const versions: Scene = {
  name: 'versions',
  story:
    'The bucket of an object is made versioned, the object put again and deleted, which leaves a marker. The marker is ' +
    'deleted, and a version for good. Versioning is suspended, and the object put, which replaces the null version, and deleted.',
  prepare: () => prepareStore({}, (system) => put(system, 'a', contentOf(1))),
  async play(stage) {
    await stage.step(() => setVersioning(stage, 'Enabled'));
    const version = await stage.step(() => put(stage, 'a', contentOf(2)));
    const { versionId: marker } = await stage.step(() => remove(stage, 'a'));
    await stage.step(() => remove(stage, 'a', marker));
    await expectContent(stage, 'a', contentOf(2));
    await stage.step(() => remove(stage, 'a', version.versionId));
    await stage.step(() => setVersioning(stage, 'Suspended'));
    await stage.step(() => put(stage, 'a', contentOf(3)));
    await expectContent(stage, 'a', contentOf(3));
    await stage.step(() => remove(stage, 'a'));
  },
};
