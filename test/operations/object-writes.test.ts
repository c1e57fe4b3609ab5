/** PutObject: what is stored, what is refused, and writes with conditions. */
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
let Bucket: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

const put = (Key: string, input: Partial<PutObjectCommandInput> = {}) =>
  daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...input }));
const head = (Key: string) => daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
const text = async (Key: string) =>
  (await daemon().client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();

describe('attributes', () => {
  test.each([
    'STANDARD_IA',
    'ONEZONE_IA',
    'INTELLIGENT_TIERING',
    'GLACIER_IR',
    'REDUCED_REDUNDANCY',
    'EXPRESS_ONEZONE',
  ] as const)('storage class %s → stored, answered and listed', async (StorageClass) => {
    const Key = `class-${StorageClass}`;
    await put(Key, { StorageClass });
    expect((await head(Key)).StorageClass).toBe(StorageClass);
    const { Contents } = await daemon().client.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
    expect(Contents?.[0]?.StorageClass).toBe(StorageClass);
  });

  test('STANDARD by name → not in headers', async () => {
    await put('standard', { StorageClass: 'STANDARD' });
    expect((await head('standard')).StorageClass).toBeUndefined();
  });

  test.each([['OUTPOSTS', 'InvalidStorageClass', 400]] as const)(
    'storage class %s → %s',
    async (StorageClass, code, status) => {
      await expect(put('class-refused', { StorageClass })).rejects.toMatchObject(refusal(code, status));
    },
  );

  test('metadata of 2,048 bytes → stored; of one more → MetadataTooLarge', async () => {
    await put('metadata', { Metadata: { name: 'v'.repeat(2044) } });
    expect((await head('metadata')).Metadata?.['name']).toHaveLength(2044);
    await expect(put('metadata', { Metadata: { name: 'v'.repeat(2045) } })).rejects.toMatchObject(
      refusal('MetadataTooLarge', 400, { Size: '2049', MaxSizeAllowed: '2048' }),
    );
  });

  test('a redirect that is neither path nor URL → InvalidRedirectLocation', async () => {
    await expect(put('redirect', { WebsiteRedirectLocation: 'elsewhere' })).rejects.toMatchObject(
      refusal('InvalidRedirectLocation', 400),
    );
  });

  test('eleven tags → BadRequest, a tag twice → InvalidArgument', async () => {
    const Tagging = Array.from({ length: 11 }, (_, n) => `k${n}=v`).join('&');
    await expect(put('tags', { Tagging })).rejects.toMatchObject(refusal('BadRequest', 400));
    await expect(put('tags', { Tagging: 'a=1&a=2' })).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });
});

describe('what a bucket as it is made refuses', () => {
  test.each(['private', 'bucket-owner-full-control'] as const)('ACL %s → accepted', async (ACL) => {
    await put('acl', { ACL });
  });

  test.each([{ ACL: 'public-read' }, { GrantRead: 'id="x"' }, { GrantFullControl: 'id="x"' }] as const)(
    '%o → AccessControlListNotSupported',
    async (input) => {
      await expect(put('acl', input)).rejects.toMatchObject(refusal('AccessControlListNotSupported', 400));
    },
  );

  test.each([
    { ObjectLockLegalHoldStatus: 'ON' },
    { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date('2040-01-01') },
  ] as const)('%o → InvalidRequest', async (input) => {
    await expect(put('locked', input)).rejects.toMatchObject(
      refusal('InvalidRequest', 400, { message: 'Bucket is missing Object Lock Configuration' }),
    );
  });
});

describe('conditions', () => {
  test('If-None-Match: * → the first wins, the second is 412 and changes nothing', async () => {
    await put('once', { Body: 'first', IfNoneMatch: '*' });
    await expect(put('once', { Body: 'second', IfNoneMatch: '*' })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412, { Condition: 'If-None-Match' }),
    );
    expect(await text('once')).toBe('first');
  });

  test('twenty writers with If-None-Match: * → exactly one wins', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => put('raced', { Body: `${n}`, IfNoneMatch: '*' })),
    );
    const won = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [`${n}`] : []));
    expect(won).toEqual([await text('raced')]);
  });

  test('If-Match with its ETag → replaced; with the old one → 412', async () => {
    const { ETag } = await put('swapped', { Body: 'first' });
    await put('swapped', { Body: 'second', IfMatch: ETag });
    await expect(put('swapped', { Body: 'third', IfMatch: ETag })).rejects.toMatchObject(
      refusal('PreconditionFailed', 412, { Condition: 'If-Match' }),
    );
    expect(await text('swapped')).toBe('second');
  });

  test('If-Match on a key that does not exist → NoSuchKey', async () => {
    await expect(put('never', { IfMatch: '"x"' })).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });

  test('If-None-Match with an ETag → NotImplemented', async () => {
    await expect(put('never', { IfNoneMatch: '"x"' })).rejects.toMatchObject(refusal('NotImplemented', 501));
  });
});
