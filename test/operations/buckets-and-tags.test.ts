/** Buckets and their settings, and tags of buckets and objects. */
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  type ListBucketsCommandInput,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const create = (Bucket: string, input: Partial<CreateBucketCommandInput> = {}) =>
  daemon().client.send(new CreateBucketCommand({ Bucket, ...input }));

describe('CreateBucket', () => {
  test('a new one → Location and ARN; HEAD and location agree', async () => {
    expect(await create('made')).toMatchObject({ Location: '/made', BucketArn: 'arn:aws:s3:::made' });
    const { client } = daemon();
    expect(await client.send(new HeadBucketCommand({ Bucket: 'made' }))).toMatchObject({ BucketRegion: 'us-east-1' });
    const { LocationConstraint } = await client.send(new GetBucketLocationCommand({ Bucket: 'made' }));
    expect(LocationConstraint ?? '').toBe('');
  });

  test("one's own again, in us-east-1 → 200, and what is in it stays", async () => {
    const Bucket = await daemon().newBucket();
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    await create(Bucket);
    await expect(daemon().client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(
      refusal('BucketNotEmpty', 409, { BucketName: Bucket }),
    );
  });

  test('a versioned one with nothing but a delete marker → the refusal tells of versions', async () => {
    const Bucket = await daemon().newBucket();
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await daemon().client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    await daemon().client.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await expect(daemon().client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(
      refusal('BucketNotEmpty', 409, {
        BucketName: Bucket,
        message: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
      }),
    );
  });

  test.each(['ab', 'Capital', '192.168.1.1', 'two..dots', 'a_b'])('name %s → InvalidBucketName', async (name) => {
    await expect(create(name)).rejects.toMatchObject(refusal('InvalidBucketName', 400));
  });

  test.each([
    [
      { CreateBucketConfiguration: { LocationConstraint: 'us-east-1' as 'eu-west-1' } },
      'InvalidLocationConstraint',
      400,
    ],
    [{ CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }, 'IllegalLocationConstraintException', 400],
    [{ ACL: 'public-read' }, 'InvalidBucketAclWithObjectOwnership', 400],
    [{ GrantRead: 'id="x"' }, 'InvalidBucketAclWithObjectOwnership', 400],
    [{ ACL: 'public-read', ObjectOwnership: 'ObjectWriter' }, 'InvalidBucketAclWithBlockPublicAccessError', 400],
  ] as const)('%o → %s, and it is not made', async (input, code, status) => {
    await expect(create('refused', input)).rejects.toMatchObject(refusal(code, status));
    await expect(daemon().client.send(new HeadBucketCommand({ Bucket: 'refused' }))).rejects.toMatchObject(
      refusal('NotFound', 404),
    );
  });

  test('what is so by default → accepted; tags → stored', async () => {
    await create('defaults', {
      ACL: 'private',
      ObjectOwnership: 'BucketOwnerEnforced',
      ObjectLockEnabledForBucket: false,
      CreateBucketConfiguration: { Tags: [{ Key: 'a', Value: 'b' }] },
    });
    const { TagSet } = await daemon().client.send(new GetBucketTaggingCommand({ Bucket: 'defaults' }));
    expect(TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
  });
});

describe('buckets', () => {
  test('an empty one deleted → gone', async () => {
    const Bucket = await daemon().newBucket();
    const { $metadata } = await daemon().client.send(new DeleteBucketCommand({ Bucket }));
    expect($metadata.httpStatusCode).toBe(204);
    await expect(daemon().client.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(
      refusal('NoSuchBucket', 404, { BucketName: Bucket }),
    );
  });

  test('ListBuckets → by name, by prefix, by region, a page at a time', async () => {
    for (const name of ['list-c', 'list-a', 'list-b', 'other']) await create(name);
    const list = (input: ListBucketsCommandInput) => daemon().client.send(new ListBucketsCommand(input));
    const all = await list({ Prefix: 'list-' });
    expect(all.Buckets?.map(({ Name }) => Name)).toEqual(['list-a', 'list-b', 'list-c']);
    expect(all.Buckets?.[0]).toMatchObject({ BucketRegion: 'us-east-1', CreationDate: expect.any(Date) });
    expect(all).toMatchObject({ Prefix: 'list-', Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(all.ContinuationToken).toBeUndefined();
    const first = await list({ Prefix: 'list-', MaxBuckets: 2 });
    expect(first.Buckets).toHaveLength(2);
    const next = { Prefix: 'list-', MaxBuckets: 2, ContinuationToken: first.ContinuationToken };
    expect((await list(next)).Buckets?.map(({ Name }) => Name)).toEqual(['list-c']);
    expect((await list({ BucketRegion: 'eu-west-1' })).Buckets ?? []).toEqual([]);
  });

  test.each([0, 10_001])('max-buckets %i → InvalidArgument', async (MaxBuckets) => {
    await expect(daemon().client.send(new ListBucketsCommand({ MaxBuckets }))).rejects.toMatchObject(
      refusal('InvalidArgument', 400),
    );
  });

  test('a token that is none → InvalidArgument', async () => {
    await expect(daemon().client.send(new ListBucketsCommand({ ContinuationToken: 'x' }))).rejects.toMatchObject(
      refusal('InvalidArgument', 400),
    );
  });
});

describe('tags of a bucket', () => {
  test('put, replaced, deleted → what was put last; none is NoSuchTagSet', async () => {
    const Bucket = await daemon().newBucket();
    const { client } = daemon();
    const none = refusal('NoSuchTagSet', 404, { BucketName: Bucket });
    const get = async () => (await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet;
    const put = (TagSet: { Key: string; Value: string }[]) =>
      client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    await expect(get()).rejects.toMatchObject(none);
    const answer = await put([{ Key: 'a', Value: '1' }]);
    expect(answer.$metadata.httpStatusCode).toBe(204);
    const fifty = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: `${n}` }));
    await put(fifty);
    expect(await get()).toEqual(fifty);
    await expect(put([...fifty, { Key: 'more', Value: '' }])).rejects.toMatchObject(refusal('BadRequest', 400));
    await client.send(new DeleteBucketTaggingCommand({ Bucket }));
    await expect(get()).rejects.toMatchObject(none);
  });
});

describe('tags of an object', () => {
  test('put, replaced, deleted → what was put last; none is an empty set', async () => {
    const target = { Bucket: await daemon().newBucket(), Key: 'k' };
    const { client } = daemon();
    await client.send(new PutObjectCommand({ ...target, Body: 'x', Tagging: 'b=%2F+2&a=1' }));
    const get = async () => (await client.send(new GetObjectTaggingCommand(target))).TagSet;
    const put = (TagSet: { Key: string; Value: string }[]) =>
      client.send(new PutObjectTaggingCommand({ ...target, Tagging: { TagSet } }));
    expect(await get()).toEqual([
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '/ 2' },
    ]);
    await put([{ Key: 'c', Value: 'ü' }]);
    expect(await get()).toEqual([{ Key: 'c', Value: 'ü' }]);
    const twice = { Key: 'a', Value: '' };
    await expect(put([twice, twice])).rejects.toMatchObject(
      refusal('InvalidTag', 400, { message: 'Cannot provide multiple Tags with the same key', TagKey: 'a' }),
    );
    const eleven = Array.from({ length: 11 }, (_, n) => ({ Key: `k${n}`, Value: '' }));
    await expect(put(eleven)).rejects.toMatchObject(refusal('BadRequest', 400));
    expect(await get()).toEqual([{ Key: 'c', Value: 'ü' }]);
    const { $metadata } = await client.send(new DeleteObjectTaggingCommand(target));
    expect($metadata.httpStatusCode).toBe(204);
    expect(await get()).toEqual([]);
  });

  test('of a key that does not exist → NoSuchKey', async () => {
    const Bucket = await daemon().newBucket();
    await expect(daemon().client.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject(
      refusal('NoSuchKey', 404, { Key: 'k' }),
    );
  });
});
