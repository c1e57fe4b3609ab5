import Database from 'better-sqlite3';
import type { Scene } from '../scene.ts';
import { prepareStore, put } from './actions.ts';

const manifests = ['buckets', 'versions', 'uploads', 'parts']
  .map((table) => `SELECT manifest FROM ${table}`)
  .join(' UNION ');

/** Takes back what the later migrations of the index do, and the blobs that there were none of before it. */
const downgrade = `
  UPDATE segments SET live_bytes = live_bytes - (
    SELECT coalesce(sum(size), 0) FROM blobs
    WHERE blob_id IN (${manifests}) AND json_extract(extents, '$[0][0]') = segment
  );
  DELETE FROM blobs WHERE blob_id IN (${manifests});
  DROP TABLE blob_segments;
  DROP TABLE job_states;
  DROP TABLE identities;
  DROP TABLE identity_revision;
  ALTER TABLE blobs DROP COLUMN write_id;
  ALTER TABLE buckets DROP COLUMN manifest;
  ALTER TABLE versions DROP COLUMN manifest;
  ALTER TABLE uploads DROP COLUMN manifest;
  ALTER TABLE parts DROP COLUMN manifest;
  PRAGMA user_version = 1;
`;

export const migration: Scene = {
  name: 'migration',
  story: 'A server starts on an index of the first schema and brings it up to date. An object is put.',
  triesStart: true,
  async prepare() {
    await prepareStore({}, async (system) => {
      for (const key of ['a', 'b']) await put(system, key, { seed: key, size: 1000 });
    });
    const index = new Database('data/zone-a/index/ninefold.sqlite');
    index.exec(downgrade);
    index.close();
  },
  async play(stage) {
    await stage.step(() => put(stage, 'a', { seed: 'another', size: 500 }));
  },
};
