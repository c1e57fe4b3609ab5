/** Storage classes that are archives: condition → what clients are answered before, while and after they restore an object. */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  RestoreObjectCommand,
  type RestoreRequest,
  type StorageClass,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const archives = ['GLACIER', 'DEEP_ARCHIVE'] as const;
const restoreStatus = { OptionalObjectAttributes: ['RestoreStatus' as const] };

/** What tests do with objects of a server. */
function actionsOn(daemon: ReturnType<typeof useDaemon>) {
  return {
    put: (Bucket: string, Key: string, StorageClass: StorageClass) =>
      daemon().client.send(new PutObjectCommand({ Bucket, Key, StorageClass, Body: Key })),
    get: async (Bucket: string, Key: string) =>
      (await daemon().client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString(),
    head: (Bucket: string, Key: string) => daemon().client.send(new HeadObjectCommand({ Bucket, Key })),
    copy: (Bucket: string, from: string, Key: string, StorageClass: StorageClass) =>
      daemon().client.send(new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}`, StorageClass })),
    restore: async (Bucket: string, Key: string, request: RestoreRequest | undefined, VersionId?: string) => {
      const input = { Bucket, Key, VersionId, RestoreRequest: request };
      return (await daemon().client.send(new RestoreObjectCommand(input))).$metadata.httpStatusCode;
    },
  };
}

describe('with days of 24 hours', () => {
  const daemon = useDaemon();
  const { put, get, head, copy, restore } = actionsOn(daemon);

  test.each(archives)('%s → written, listed, tagged and deleted as any; not read and not copied', async (archive) => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'k', archive);
    expect(await head(Bucket, 'k')).toMatchObject({ StorageClass: archive, ContentLength: 1 });
    expect((await head(Bucket, 'k')).Restore).toBeUndefined();
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, ...restoreStatus }));
    expect(Contents).toMatchObject([{ Key: 'k', StorageClass: archive }]);
    expect(Contents?.[0]?.RestoreStatus).toBeUndefined();
    const attributes = { Bucket, Key: 'k', ObjectAttributes: ['StorageClass' as const] };
    expect(await client.send(new GetObjectAttributesCommand(attributes))).toMatchObject({ StorageClass: archive });
    const notValid = refusal('InvalidObjectState', 403, {
      message: "The operation is not valid for the object's storage class",
      StorageClass: archive,
    });
    await expect(get(Bucket, 'k')).rejects.toMatchObject(notValid);
    await expect(copy(Bucket, 'k', 'other', 'STANDARD')).rejects.toMatchObject(
      refusal('InvalidObjectState', 403, {
        message: "Operation is not valid for the source object's storage class",
      }),
    );
    await client.send(
      new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'a', Value: 'b' }] } }),
    );
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
  });

  test.each(archives)('%s by a copy and by an upload in parts → as by a PUT', async (archive) => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'source', 'STANDARD');
    await copy(Bucket, 'source', 'copied', archive);
    const target = { Bucket, Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, StorageClass: archive }));
    const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: 'x' }));
    expect(await client.send(new ListPartsCommand({ ...target, UploadId }))).toMatchObject({ StorageClass: archive });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
    for (const Key of ['copied', 'parts']) {
      expect(await head(Bucket, Key)).toMatchObject({ StorageClass: archive });
      await expect(get(Bucket, Key)).rejects.toMatchObject(refusal('InvalidObjectState', 403));
    }
  });

  test('GLACIER_IR → read at once, and not to be restored', async () => {
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'k', 'GLACIER_IR');
    expect(await get(Bucket, 'k')).toBe('k');
    await expect(restore(Bucket, 'k', { Days: 1 })).rejects.toMatchObject(
      refusal('InvalidObjectState', 403, {
        message: "Restore is not allowed for the object's current storage class",
        StorageClass: 'GLACIER_IR',
      }),
    );
  });

  test('a restore under way → said in headers and listings; a second one refused, unless it is faster', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'k', 'GLACIER');
    const bulk = { Days: 2, GlacierJobParameters: { Tier: 'Bulk' as const } };
    expect(await restore(Bucket, 'k', bulk)).toBe(202);
    expect((await head(Bucket, 'k')).Restore).toBe('ongoing-request="true"');
    const { Contents } = await client.send(new ListObjectsCommand({ Bucket, ...restoreStatus }));
    expect(Contents).toMatchObject([{ RestoreStatus: { IsRestoreInProgress: true } }]);
    expect((await client.send(new ListObjectsV2Command({ Bucket }))).Contents?.[0]?.RestoreStatus).toBeUndefined();
    await expect(get(Bucket, 'k')).rejects.toMatchObject(refusal('InvalidObjectState', 403));
    const underWay = refusal('RestoreAlreadyInProgress', 409, { message: 'Object restore is already in progress' });
    await expect(restore(Bucket, 'k', bulk)).rejects.toMatchObject(underWay);
    await expect(restore(Bucket, 'k', { Days: 3, Tier: 'Standard' })).rejects.toMatchObject(underWay);
    expect(await restore(Bucket, 'k', { Days: 2, Tier: 'Expedited' })).toBe(202);
    await expect(restore(Bucket, 'k', bulk)).rejects.toMatchObject(underWay);
  });

  test('many restores of one object at once → one begins, the others are refused', async () => {
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'k', 'DEEP_ARCHIVE');
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => restore(Bucket, 'k', { Days: 1 })));
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(7);
    for (const reason of refused) expect(reason).toMatchObject(refusal('RestoreAlreadyInProgress', 409));
  });

  test('a version by its id → that one alone', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    const { VersionId } = await client.send(
      new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', StorageClass: 'GLACIER' }),
    );
    await put(Bucket, 'k', 'GLACIER');
    expect(await restore(Bucket, 'k', { Days: 1 }, VersionId)).toBe(202);
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket, ...restoreStatus }));
    expect(Versions?.map(({ RestoreStatus }) => RestoreStatus)).toEqual([undefined, { IsRestoreInProgress: true }]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await expect(restore(Bucket, 'k', { Days: 1 })).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });

  test.for<[string, RestoreRequest | undefined, StorageClass, string, number]>([
    ['no document', undefined, 'GLACIER', 'MalformedXML', 400],
    ['no days', {}, 'GLACIER', 'MalformedXML', 400],
    ['no day', { Days: 0 }, 'GLACIER', 'InvalidArgument', 400],
    ['two tiers', { Days: 1, Tier: 'Bulk', GlacierJobParameters: { Tier: 'Bulk' } }, 'GLACIER', 'MalformedXML', 400],
    ['an expedited restore', { Days: 1, Tier: 'Expedited' }, 'DEEP_ARCHIVE', 'InvalidArgument', 400],
    ['a query', { Type: 'SELECT' }, 'GLACIER', 'NotImplemented', 501],
    ['an active tier', { Days: 1 }, 'INTELLIGENT_TIERING', 'ObjectAlreadyInActiveTierError', 403],
    ['what is in no archive', { Days: 1 }, 'STANDARD', 'InvalidObjectState', 403],
  ])('restore: %s → refused', async ([, request, storageClass, code, status]) => {
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'k', storageClass);
    await expect(restore(Bucket, 'k', request)).rejects.toMatchObject(refusal(code, status));
  });
});

describe('with days of a second', () => {
  const daemon = useDaemon({ config: 'time: { dayLength: 1s }' });
  const { put, get, head, copy, restore } = actionsOn(daemon);

  test('a restored object → read and copied until its days are over, and then archived again', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await put(Bucket, 'k', 'GLACIER');
    expect(await restore(Bucket, 'k', { Days: 60 })).toBe(202);
    expect(await eventually(() => get(Bucket, 'k'))).toBe('k');
    const { Restore = '', StorageClass } = await head(Bucket, 'k');
    expect(StorageClass).toBe('GLACIER');
    const until = Date.parse(/^ongoing-request="false", expiry-date="([^"]+ GMT)"$/.exec(Restore)?.[1] ?? '');
    expect(until % 86_400_000).toBe(0);
    expect(until - Date.now()).toBeGreaterThan(59 * 86_400_000);
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, ...restoreStatus }));
    const RestoreExpiryDate = new Date(until);
    expect(Contents).toMatchObject([{ RestoreStatus: { IsRestoreInProgress: false, RestoreExpiryDate } }]);

    await copy(Bucket, 'k', 'copied', 'STANDARD');
    expect(await get(Bucket, 'copied')).toBe('k');
    await copy(Bucket, 'k', 'archived', 'DEEP_ARCHIVE');
    await expect(get(Bucket, 'archived')).rejects.toMatchObject(refusal('InvalidObjectState', 403));
    const upload = { Bucket, Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
    const part = { ...upload, UploadId, PartNumber: 1, CopySource: `${Bucket}/k` };
    await client.send(new UploadPartCopyCommand(part));

    expect(await restore(Bucket, 'k', { Days: 1, Tier: 'Bulk' })).toBe(200);
    await eventually(() => expect(get(Bucket, 'k')).rejects.toMatchObject(refusal('InvalidObjectState', 403)));
    expect((await head(Bucket, 'k')).Restore).toBeUndefined();
    await expect(client.send(new UploadPartCopyCommand(part))).rejects.toMatchObject(
      refusal('InvalidObjectState', 403),
    );
    expect(await restore(Bucket, 'k', { Days: 1 })).toBe(202);
  });
});
