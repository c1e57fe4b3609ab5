/** Access control lists and initial documents, on a real index and store: condition → result. */
import { expect, test } from 'vitest';
import type { Grant } from '../../src/engine/types.ts';
import { bodyOf, EngineStore, owner, plain } from '../support/engine-store.ts';

const everybodyReads: Grant = { grantee: { group: 'AllUsers' }, permission: 'READ' };
const ownerHasAll: Grant = { grantee: { id: owner }, permission: 'FULL_CONTROL' };

test('ACL set → on the version named or on the current one, kept over a reopen and beside tags', async () => {
  await using store = await EngineStore.open();
  const { objects } = store.engine;
  const bucket = await store.newVersionedBucket();
  const first = await store.put(bucket, 'k', 'x');
  const second = await store.put(bucket, 'k', 'y');
  const set = await objects.setAcl({ bucket, key: 'k', versionId: undefined }, [ownerHasAll, everybodyReads]);
  expect(set).toMatchObject({
    versionId: second.versionId,
    attributes: { acl: [ownerHasAll, everybodyReads] },
  });
  await objects.setAcl({ bucket, key: 'k', versionId: first.versionId }, []);
  const tags = [{ key: 'a', value: '1' }];
  await objects.setTags({ bucket, key: 'k', versionId: undefined }, tags);
  await store.reopen();
  const found = await store.engine.objects.find(bucket, 'k');
  expect(found.attributes).toEqual({ ...plain, tags, acl: [ownerHasAll, everybodyReads] });
  expect(found.lastModifiedMs).toBe(second.lastModifiedMs);
  expect((await store.engine.objects.find(bucket, 'k', first.versionId)).attributes.acl).toEqual([]);
});

test('ACL of a key or version that is not there → NoSuchKey, NoSuchVersion', async () => {
  await using store = await EngineStore.open();
  const bucket = await store.newVersionedBucket();
  await store.put(bucket, 'k', 'x');
  const { objects } = store.engine;
  await expect(objects.setAcl({ bucket, key: 'absent', versionId: undefined }, [])).rejects.toMatchObject({
    code: 'NoSuchKey',
  });
  await expect(objects.setAcl({ bucket, key: 'k', versionId: 'none' }, [])).rejects.toMatchObject({
    code: 'NoSuchVersion',
  });
});

test('ACL given at put and at the start of an upload → on the version; none given → none', async () => {
  await using store = await EngineStore.open();
  const { objects, uploads } = store.engine;
  const bucket = await store.newBucket();
  const attributes = { ...plain, acl: [everybodyReads] };
  await objects.put({ bucket, key: 'put', source: bodyOf('x'), attributes });
  const upload = await uploads.create({ bucket, key: 'parts', attributes });
  const { etag } = await uploads.putPart({ bucket, upload, partNumber: 1, source: bodyOf('x') });
  const { uploadId } = upload;
  await uploads.complete({ bucket, key: 'parts', uploadId, parts: [{ partNumber: 1, etag }] });
  await store.put(bucket, 'plain', 'x');
  await store.reopen();
  const aclOf = async (key: string) => (await store.engine.objects.find(bucket, key)).attributes.acl;
  expect(await Promise.all(['put', 'parts', 'plain'].map(aclOf))).toEqual([
    [everybodyReads],
    [everybodyReads],
    undefined,
  ]);
});

test('documents given at creation → there after a reopen; gone with the bucket', async () => {
  await using store = await EngineStore.open();
  const request = { name: 'made', region: 'us-east-1', owner };
  const bucket = await store.engine.buckets.create({ ...request, configs: { ownership: '"a"', acl: '"b"' } });
  await expect(store.engine.buckets.create({ ...request, configs: { acl: '"c"' } })).rejects.toThrow();
  await store.reopen();
  const configOf = (kind: string) => store.engine.buckets.getConfig(bucket, kind);
  expect(await Promise.all(['ownership', 'acl', 'tagging'].map(configOf))).toEqual(['"a"', '"b"', undefined]);
  await store.engine.buckets.delete(bucket);
  const again = await store.engine.buckets.create(request);
  expect(await store.engine.buckets.getConfig(again, 'acl')).toBeUndefined();
});
