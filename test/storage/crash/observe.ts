/**
 * All that a client can see of a store, as text by resource: each bucket, each key with its versions, each upload with its
 * parts. Reading it, it is checked that what is listed can be read, that listings agree with reads, and that the content
 * is what its ETag says.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Bucket, Engine, Upload, Version } from '../../../src/engine/types.ts';
import { owner } from '../../support/engine-store.ts';

export type State = Readonly<Record<string, string>>;

const all = { prefix: '', delimiter: '', after: '', limit: 10_000 };

export async function observe(engine: Engine): Promise<State> {
  const state: Record<string, string> = {};
  const { buckets } = await engine.buckets.list({ owner, prefix: '', after: '', limit: 1000 });
  for (const bucket of buckets) {
    assert.deepEqual(await engine.buckets.get(bucket.name), bucket);
    state[`bucket ${bucket.name}`] = JSON.stringify([bucket, await engine.buckets.getConfig(bucket, 'tagging')]);
    await observeVersions(engine, bucket, state);
    await observeCurrent(engine, bucket);
    for (const { upload } of await listUploads(engine, bucket)) {
      const parts = await engine.uploads.listParts(upload, { after: 0, limit: 10_000 });
      state[`upload ${bucket.name}/${upload.key} ${upload.uploadId}`] = JSON.stringify([upload, parts]);
    }
  }
  return state;
}

export async function listUploads(engine: Engine, bucket: Bucket): Promise<{ upload: Upload }[]> {
  const { entries } = await engine.uploads.list(bucket, { ...all, afterUploadId: '' });
  return entries.filter((entry) => entry.kind === 'upload');
}

export async function listVersions(engine: Engine, bucket: Bucket): Promise<Version[]> {
  const { entries } = await engine.listing.versions(bucket, { ...all, afterVersionId: '' });
  return entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version] : []));
}

async function observeVersions(engine: Engine, bucket: Bucket, state: Record<string, string>): Promise<void> {
  const byKey = Map.groupBy(await listVersions(engine, bucket), ({ key }) => key);
  for (const [key, versions] of byKey) {
    const described = [];
    for (const version of versions) {
      if (!version.isDeleteMarker) {
        assert.deepEqual(
          await engine.objects.find(bucket, key, version.versionId),
          version,
          'reads agree with the listing',
        );
      }
      described.push([version, version.isDeleteMarker ? '' : await digestOf(engine, version)]);
    }
    state[`key ${bucket.name}/${key}`] = JSON.stringify(described);
  }
}

async function observeCurrent(engine: Engine, bucket: Bucket): Promise<void> {
  const { entries } = await engine.listing.objects(bucket, all);
  const listed = entries.flatMap((entry) => (entry.kind === 'version' ? [entry.version] : []));
  const versions = await listVersions(engine, bucket);
  assert.deepEqual(
    listed,
    versions.filter(({ isLatest, isDeleteMarker }) => isLatest && !isDeleteMarker),
  );
  for (const version of listed) assert.deepEqual(await engine.objects.find(bucket, version.key), version);
}

export async function readAll(
  engine: Engine,
  version: Version,
  range = { start: 0, end: version.size },
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await engine.objects.read(version, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** SHA-256 of the content, once its MD5 has been compared with the ETag, part by part where it has parts. */
async function digestOf(engine: Engine, version: Version): Promise<string> {
  const bytes = await readAll(engine, version);
  assert.equal(bytes.length, version.size);
  if (version.partCount === undefined) {
    assert.equal(md5(bytes), version.etag, `the content of ${version.key} is what its ETag says`);
  } else {
    for (let n = 1; n <= version.partCount; n++) {
      const found = await engine.objects.part(version, n);
      assert(found, `part ${n} of ${version.key} is there`);
      assert.equal(
        md5(bytes.subarray(found.start, found.end)),
        found.part.etag,
        `part ${n} of ${version.key} is what its ETag says`,
      );
    }
  }
  return createHash('sha256').update(bytes).digest('hex');
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
