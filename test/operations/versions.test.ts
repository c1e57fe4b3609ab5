/** Versioning: states, ids, delete markers, the null version, listings of versions, and deletes of every kind. */
import {
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ObjectIdentifier,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { sendRaw, signRaw, wireBytes } from '../support/raw-http.ts';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const idPattern = /^[\w-]{32}$/;

async function newBucket(Status?: 'Enabled' | 'Suspended'): Promise<string> {
  const Bucket = await daemon().newBucket();
  if (Status) await setVersioning(Bucket, Status);
  return Bucket;
}
const setVersioning = (Bucket: string, Status: 'Enabled' | 'Suspended') =>
  daemon().client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
const put = async (Bucket: string, Key: string, Body = 'x') =>
  (await daemon().client.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
const remove = (Bucket: string, Key: string, input: Partial<DeleteObjectCommandInput> = {}) =>
  daemon().client.send(new DeleteObjectCommand({ Bucket, Key, ...input }));
const read = async (Bucket: string, Key: string, VersionId?: string) =>
  (await daemon().client.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString();
const versions = (Bucket: string, input: Partial<ListObjectVersionsCommandInput> = {}) =>
  daemon().client.send(new ListObjectVersionsCommand({ Bucket, ...input }));

describe('states', () => {
  test('new, enabled, suspended → GetBucketVersioning says so', async () => {
    const Bucket = await newBucket();
    const state = async () => (await daemon().client.send(new GetBucketVersioningCommand({ Bucket }))).Status;
    expect(await state()).toBeUndefined();
    await setVersioning(Bucket, 'Enabled');
    expect(await state()).toBe('Enabled');
    await setVersioning(Bucket, 'Suspended');
    expect(await state()).toBe('Suspended');
  });

  test('no status → IllegalVersioningConfigurationException, MFA delete → NotImplemented', async () => {
    const Bucket = await newBucket();
    const configure = (VersioningConfiguration: { Status?: 'Enabled'; MFADelete?: 'Enabled' }) =>
      daemon().client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await expect(configure({})).rejects.toMatchObject(refusal('IllegalVersioningConfigurationException', 400));
    await expect(configure({ Status: 'Enabled', MFADelete: 'Enabled' })).rejects.toMatchObject(
      refusal('NotImplemented', 501),
    );
  });

  test('never versioned → no version ids, one version, a delete leaves nothing', async () => {
    const Bucket = await newBucket();
    expect(await put(Bucket, 'k', 'old')).toBeUndefined();
    expect(await put(Bucket, 'k', 'new')).toBeUndefined();
    expect((await versions(Bucket)).Versions).toMatchObject([{ Key: 'k', VersionId: 'null', IsLatest: true }]);
    const answer = await remove(Bucket, 'k');
    expect(answer).toMatchObject({ $metadata: { httpStatusCode: 204 } });
    expect(answer.DeleteMarker).toBeUndefined();
    expect(answer.VersionId).toBeUndefined();
    expect((await versions(Bucket)).Versions).toBeUndefined();
  });

  test('enabled → every put makes a version that can be read', async () => {
    const Bucket = await newBucket('Enabled');
    const first = await put(Bucket, 'k', 'first');
    const second = await put(Bucket, 'k', 'second');
    expect(first).toMatch(idPattern);
    expect(second).toMatch(idPattern);
    expect(second).not.toBe(first);
    expect(await read(Bucket, 'k')).toBe('second');
    expect(await read(Bucket, 'k', first)).toBe('first');
  });

  test('put before versioning → the null version, kept beside the new ones', async () => {
    const Bucket = await newBucket();
    await put(Bucket, 'k', 'before');
    await setVersioning(Bucket, 'Enabled');
    const { VersionId } = await daemon().client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(VersionId).toBe('null');
    await put(Bucket, 'k', 'after');
    expect(await read(Bucket, 'k', 'null')).toBe('before');
    expect(await read(Bucket, 'k')).toBe('after');
  });

  test('suspended → puts replace the null version only', async () => {
    const Bucket = await newBucket('Enabled');
    const kept = await put(Bucket, 'k', 'kept');
    await setVersioning(Bucket, 'Suspended');
    expect(await put(Bucket, 'k', 'null 1')).toBeUndefined();
    expect(await put(Bucket, 'k', 'null 2')).toBeUndefined();
    const { VersionId } = await daemon().client.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    expect(VersionId).toBe('null');
    expect(await read(Bucket, 'k', kept)).toBe('kept');
    expect((await versions(Bucket)).Versions?.map(({ VersionId }) => VersionId)).toEqual(['null', kept]);
  });
});

describe('delete markers', () => {
  test('a delete → a marker; reads say 404 with the marker, the version is still there', async () => {
    const Bucket = await newBucket('Enabled');
    const version = await put(Bucket, 'k');
    const marker = await remove(Bucket, 'k');
    expect(marker).toMatchObject({ DeleteMarker: true, VersionId: expect.stringMatching(idPattern) });
    const signed = signRaw({ method: 'GET', path: `/${Bucket}/k`, key: daemon(), host: `127.0.0.1:${daemon().port}` });
    const answer = await sendRaw(wireBytes(signed), { port: daemon().port });
    expect(answer).toMatchObject({ status: 404, code: 'NoSuchKey' });
    expect(answer.headers.get('x-amz-delete-marker')).toBe('true');
    expect(answer.headers.get('x-amz-version-id')).toBe(marker.VersionId);
    expect(await read(Bucket, 'k', version)).toBe('x');
    const { KeyCount } = await daemon().client.send(new ListObjectsV2Command({ Bucket }));
    expect(KeyCount).toBe(0);
  });

  test('the marker by its id → 405 with Allow', async () => {
    const Bucket = await newBucket('Enabled');
    const { VersionId = '' } = await remove(Bucket, 'k');
    const query = [['versionId', VersionId]] as const;
    const host = `127.0.0.1:${daemon().port}`;
    const signed = signRaw({ method: 'GET', path: `/${Bucket}/k`, query, key: daemon(), host });
    const answer = await sendRaw(wireBytes(signed), { port: daemon().port });
    expect(answer).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
    expect(answer.body.toString()).toContain('<Method>GET</Method><ResourceType>DeleteMarker</ResourceType>');
    expect(answer.headers.get('allow')).toBe('DELETE');
    expect(answer.headers.get('x-amz-delete-marker')).toBe('true');
  });

  test('tags of an object that is deleted → 405, as the marker has none', async () => {
    const Bucket = await newBucket('Enabled');
    await put(Bucket, 'k');
    await remove(Bucket, 'k');
    const target = { Bucket, Key: 'k' };
    const { client } = daemon();
    const expected = refusal('MethodNotAllowed', 405, { ResourceType: 'DeleteMarker' });
    await expect(client.send(new GetObjectTaggingCommand(target))).rejects.toMatchObject(expected);
    await expect(client.send(new DeleteObjectTaggingCommand(target))).rejects.toMatchObject(expected);
    const tagged = client.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet: [] } }));
    await expect(tagged).rejects.toMatchObject(expected);
  });

  test('deleting the marker by its id → the version before it is current again', async () => {
    const Bucket = await newBucket('Enabled');
    await put(Bucket, 'k', 'back');
    const { VersionId } = await remove(Bucket, 'k');
    expect(await remove(Bucket, 'k', { VersionId })).toMatchObject({ DeleteMarker: true, VersionId });
    expect(await read(Bucket, 'k')).toBe('back');
  });

  test('suspended → the marker is the null version and replaces it', async () => {
    const Bucket = await newBucket('Enabled');
    const kept = await put(Bucket, 'k');
    await setVersioning(Bucket, 'Suspended');
    await put(Bucket, 'k', 'null');
    expect(await remove(Bucket, 'k')).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
    const { DeleteMarkers, Versions } = await versions(Bucket);
    expect(DeleteMarkers).toMatchObject([{ VersionId: 'null', IsLatest: true }]);
    expect(Versions).toMatchObject([{ VersionId: kept, IsLatest: false }]);
  });

  test('deleting a version by its id → gone for good; once more is no error', async () => {
    const Bucket = await newBucket('Enabled');
    const VersionId = await put(Bucket, 'k');
    const answer = await remove(Bucket, 'k', { VersionId });
    expect(answer.VersionId).toBe(VersionId);
    expect(answer.DeleteMarker).toBeUndefined();
    await expect(read(Bucket, 'k', VersionId)).rejects.toMatchObject(refusal('NoSuchVersion', 404));
    await remove(Bucket, 'k', { VersionId });
  });
});

describe('ListObjectVersions', () => {
  let Bucket: string;
  let all: { Key?: string | undefined; VersionId?: string | undefined }[];

  beforeAll(async () => {
    Bucket = await newBucket('Enabled');
    for (const Key of ['a', 'a', 'b', 'd/1', 'd/2', 'd/2']) await put(Bucket, Key);
    await remove(Bucket, 'b');
    const { Versions = [], DeleteMarkers = [] } = await versions(Bucket);
    all = [...Versions.slice(0, 2), ...DeleteMarkers, ...Versions.slice(2)];
  });

  test('everything → newest first within a key, one latest each, with owners', async () => {
    const { Versions = [], DeleteMarkers = [] } = await versions(Bucket);
    expect(Versions.map(({ Key, IsLatest }) => [Key, IsLatest])).toEqual([
      ['a', true],
      ['a', false],
      ['b', false],
      ['d/1', true],
      ['d/2', true],
      ['d/2', false],
    ]);
    expect(DeleteMarkers).toMatchObject([{ Key: 'b', IsLatest: true, Owner: { ID: Versions[0]?.Owner?.ID } }]);
    expect(Versions[0]).toMatchObject({ Size: 1, StorageClass: 'STANDARD', ChecksumType: 'FULL_OBJECT' });
  });

  test('the document → versions and delete markers among each other, by key and newest first', async () => {
    const signed = signRaw({
      method: 'GET',
      path: `/${Bucket}`,
      query: [['versions', '']],
      key: daemon(),
      host: `127.0.0.1:${daemon().port}`,
    });
    const answer = await sendRaw(wireBytes(signed), { port: daemon().port });
    const elements = [...answer.body.toString().matchAll(/<(Version|DeleteMarker)>.*?<Key>(.*?)<\/Key>/g)];
    expect(elements.map(([, element, key]) => [element, key])).toEqual([
      ['Version', 'a'],
      ['Version', 'a'],
      ['DeleteMarker', 'b'],
      ['Version', 'b'],
      ['Version', 'd/1'],
      ['Version', 'd/2'],
      ['Version', 'd/2'],
    ]);
  });

  test.each([1, 2, 3, 6, 7])('%i at a time → every version once, in order', async (MaxKeys) => {
    const found: unknown[] = [];
    let next: Partial<ListObjectVersionsCommandInput> | undefined = {};
    while (next !== undefined) {
      const page = await versions(Bucket, { MaxKeys, ...next });
      const entries = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
      expect(entries.length).toBeLessThanOrEqual(MaxKeys);
      const position = ({ VersionId }: { VersionId?: string | undefined }) =>
        all.findIndex((version) => version.VersionId === VersionId);
      found.push(...entries.map(position).toSorted((a, b) => a - b));
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
    }
    expect(found).toEqual(all.map((_, n) => n));
  });

  test('each page deleted before the next is asked for → nothing is left out', async () => {
    const bucket = await newBucket('Enabled');
    for (const Key of ['k', 'k', 'k', 'k', 'k', 'l']) await put(bucket, Key);
    const seen: unknown[] = [];
    let next: Partial<ListObjectVersionsCommandInput> | undefined = {};
    while (next !== undefined) {
      const page = await versions(bucket, { MaxKeys: 2, ...next });
      for (const { Key = '', VersionId, IsLatest } of page.Versions ?? []) {
        seen.push([Key, IsLatest]);
        await remove(bucket, Key, { VersionId });
      }
      next = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
    }
    // What follows a page that is gone begins with the key's latest version.
    const page = [
      ['k', true],
      ['k', false],
    ];
    expect(seen).toEqual([...page, ...page, ['k', true], ['l', true]]);
    expect((await versions(bucket)).Versions).toBeUndefined();
  });

  test('a delimiter → prefixes, which a page may end with', async () => {
    const page = await versions(Bucket, { Delimiter: '/' });
    expect(page.CommonPrefixes).toEqual([{ Prefix: 'd/' }]);
    expect(page.Versions?.map(({ Key }) => Key)).toEqual(['a', 'a', 'b']);
    await put(Bucket, 'e');
    const cut = await versions(Bucket, { Delimiter: '/', MaxKeys: 1, KeyMarker: 'b' });
    expect(cut).toMatchObject({ IsTruncated: true, NextKeyMarker: 'd/' });
    expect(cut.NextVersionIdMarker).toBeUndefined();
  });

  test('a version id marker without a key, or that is none → InvalidArgument', async () => {
    await expect(versions(Bucket, { VersionIdMarker: all[0]?.VersionId })).rejects.toMatchObject(
      refusal('InvalidArgument', 400),
    );
    await expect(versions(Bucket, { KeyMarker: 'a', VersionIdMarker: 'x' })).rejects.toMatchObject(
      refusal('InvalidArgument', 400),
    );
  });
});

describe('DeleteObject with conditions', () => {
  let Bucket: string;
  beforeAll(async () => {
    Bucket = await newBucket();
  });
  const stored = async (Key: string) => {
    await put(Bucket, Key);
    return await daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
  };

  test('all hold → deleted', async () => {
    const { ETag, LastModified } = await stored('k');
    await remove(Bucket, 'k', { IfMatch: ETag, IfMatchLastModifiedTime: LastModified, IfMatchSize: 1 });
    await expect(read(Bucket, 'k')).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });

  test.each([{ IfMatch: '"other"' }, { IfMatchSize: 0 }, { IfMatchLastModifiedTime: new Date(0) }])(
    '%o does not hold → 412, and it stays',
    async (condition) => {
      await stored('kept');
      await expect(remove(Bucket, 'kept', condition)).rejects.toMatchObject(refusal('PreconditionFailed', 412));
      expect(await read(Bucket, 'kept')).toBe('x');
    },
  );
});

describe('DeleteObjects', () => {
  test('a version id that is none → NoSuchVersion for that key', async () => {
    const VersionId = 'A'.repeat(31);
    const Bucket = await newBucket('Enabled');
    const Delete = { Objects: [{ Key: 'k', VersionId }] };
    const { Errors } = await daemon().client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    const Message = 'The specified version does not exist.';
    expect(Errors).toEqual([{ Key: 'k', VersionId, Code: 'NoSuchVersion', Message }]);
  });

  const removeAll = (Bucket: string, Objects: ObjectIdentifier[], Quiet?: boolean) =>
    daemon().client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));

  test('keys there and not there → all deleted', async () => {
    const Bucket = await newBucket();
    await put(Bucket, 'a b');
    const { Deleted, Errors } = await removeAll(Bucket, [{ Key: 'a b' }, { Key: 'never' }]);
    expect(Deleted).toEqual([{ Key: 'a b' }, { Key: 'never' }]);
    expect(Errors).toBeUndefined();
  });

  test('quiet → only errors are told', async () => {
    const Bucket = await newBucket();
    await put(Bucket, 'a');
    const answer = await removeAll(Bucket, [{ Key: 'a' }, { Key: 'b', VersionId: 'x' }], true);
    expect(answer.Deleted).toBeUndefined();
    expect(answer.Errors).toMatchObject([{ Key: 'b', VersionId: 'x', Code: 'NoSuchVersion' }]);
    await expect(read(Bucket, 'a')).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });

  test('markers and versions → told apart', async () => {
    const Bucket = await newBucket('Enabled');
    const VersionId = await put(Bucket, 'k');
    const { Deleted: first } = await removeAll(Bucket, [{ Key: 'k' }]);
    const DeleteMarkerVersionId = first?.[0]?.DeleteMarkerVersionId;
    expect(first).toEqual([{ Key: 'k', DeleteMarker: true, DeleteMarkerVersionId }]);
    const { Deleted: second } = await removeAll(Bucket, [
      { Key: 'k', VersionId },
      { Key: 'k', VersionId: DeleteMarkerVersionId },
    ]);
    expect(second).toEqual([
      { Key: 'k', VersionId },
      { Key: 'k', VersionId: DeleteMarkerVersionId, DeleteMarker: true, DeleteMarkerVersionId },
    ]);
    expect(await versions(Bucket)).not.toHaveProperty('Versions');
  });

  test('bypassing governance where nothing is locked → deleted', async () => {
    const Bucket = await newBucket('Enabled');
    const VersionId = await put(Bucket, 'k');
    await remove(Bucket, 'k', { VersionId, BypassGovernanceRetention: true });
    const Objects = [{ Key: 'k', VersionId: await put(Bucket, 'k') }];
    const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects }, BypassGovernanceRetention: true });
    expect((await daemon().client.send(command)).Deleted).toEqual(Objects);
  });

  test('conditions by key → the ones that fail are errors', async () => {
    const Bucket = await newBucket();
    for (const Key of ['a', 'b', 'c']) await put(Bucket, Key);
    const { Deleted, Errors } = await removeAll(Bucket, [
      { Key: 'a', Size: 1 },
      { Key: 'b', Size: 2 },
      { Key: 'c', ETag: '"other"' },
    ]);
    expect(Deleted).toEqual([{ Key: 'a' }]);
    expect(Errors?.map(({ Key, Code }) => [Key, Code])).toEqual([
      ['b', 'PreconditionFailed'],
      ['c', 'PreconditionFailed'],
    ]);
  });

  test('a thousand keys → deleted; one more, or an empty key, or none → MalformedXML', async () => {
    const Bucket = await newBucket();
    const keys = Array.from({ length: 1001 }, (_, n) => ({ Key: `k${n}` }));
    expect((await removeAll(Bucket, keys.slice(1))).Deleted).toHaveLength(1000);
    for (const objects of [keys, [{ Key: '' }], []]) {
      await expect(removeAll(Bucket, objects)).rejects.toMatchObject(refusal('MalformedXML', 400));
    }
  });
});
