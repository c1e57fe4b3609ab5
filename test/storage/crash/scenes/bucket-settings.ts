import type { Scene } from '../scene.ts';
import { newBucket, prepareStore, put, theBucket } from './actions.ts';

export const bucketSettings: Scene = {
  name: 'bucket-settings',
  story:
    'A bucket gets a configuration document, its object other tags and an access control list. Another bucket is made and ' +
    'deleted.',
  prepare: () => prepareStore({}, (system) => put(system, 'a', { seed: 'a', size: 10 })),
  async play(stage) {
    const { buckets, objects } = stage.engine;
    const bucket = await theBucket(stage);
    await stage.step(() => buckets.setConfig(bucket, 'tagging', '{"tags":[]}'));
    await stage.step(() => objects.setTags({ bucket, key: 'a', versionId: undefined }, [{ key: 'new', value: 'tag' }]));
    await stage.step(() =>
      objects.setAcl({ bucket, key: 'a', versionId: undefined }, [{ grantee: { id: 'a-reader' }, permission: 'READ' }]),
    );
    const other = await stage.step(() => newBucket(stage, 'other'));
    await stage.step(() => buckets.delete(other));
  },
};
