/** Two accounts: what one may do in the buckets of the other, and what it is told. */
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketPolicyCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { region } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { refusal } from '../support/refusals.ts';
import { makeRole, putRules, statusOf as replicationOf, role, ruleTo } from '../support/replicated-buckets.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const other = '222222222222';
const otherRoot = { accessKeyId: 'other-root', secretAccessKey: 'others-secret' };
const bob = { accessKeyId: 'bob', secretAccessKey: 'bobs-secret' };
const eve = { accessKeyId: 'eve', secretAccessKey: 'eves-secret' };

const daemon = useDaemon({
  config: `
accounts:
  - id: '${other}'
    displayName: other
    rootKey: { accessKeyId: ${otherRoot.accessKeyId}, secretAccessKey: ${otherRoot.secretAccessKey} }
    users:
      - name: bob
        policies: ['arn:aws:iam::aws:policy/AmazonS3FullAccess']
        keys: [{ accessKeyId: ${bob.accessKeyId}, secretAccessKey: ${bob.secretAccessKey} }]
      - name: eve
        keys: [{ accessKeyId: ${eve.accessKeyId}, secretAccessKey: ${eve.secretAccessKey} }]
`,
});
const { sendWire } = signedRequests(daemon);
const denied = { ...refusal('AccessDenied', 403), message: 'Access Denied' };
let owner: S3Client;
let stranger: S3Client;
let clientOf: (credentials: { accessKeyId: string; secretAccessKey: string }) => S3Client;

beforeAll(() => {
  const options = { endpoint: daemon().endpoint, region, maxAttempts: 1, forcePathStyle: true };
  clientOf = (credentials) => new S3Client({ ...options, credentials });
  owner = daemon().client;
  stranger = clientOf(otherRoot);
});

/** A bucket of the first account that holds `k`. */
async function newBucket(): Promise<string> {
  const Bucket = await daemon().newBucket();
  await owner.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'kept' }));
  return Bucket;
}

/** One on which ACLs count and nothing is blocked, with a canned ACL. */
async function newSharedBucket(ACL: 'public-read' | 'public-read-write'): Promise<string> {
  const Bucket = await newBucket();
  await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
  await owner.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  await owner.send(new PutBucketAclCommand({ Bucket, ACL }));
  return Bucket;
}

async function grantToOther(Bucket: string, Action: readonly string[]): Promise<void> {
  const Resource = [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`];
  const Statement = [{ Effect: 'Allow', Principal: { AWS: other }, Action, Resource }];
  await owner.send(
    new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
  );
}

async function statusOf(path: string, query = ''): Promise<number> {
  const headers = { host: `127.0.0.1:${daemon().port}` };
  return (await sendWire({ method: 'GET', rawPath: path, rawQuery: query, headers })).status;
}

describe('the root of another account', () => {
  test('without a policy of the bucket → may nothing, and is not told why', async () => {
    const Bucket = await newBucket();
    const calls = [
      stranger.send(new GetObjectCommand({ Bucket, Key: 'k' })),
      stranger.send(new GetObjectCommand({ Bucket, Key: 'missing' })),
      stranger.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x' })),
      stranger.send(new ListObjectsV2Command({ Bucket })),
      stranger.send(new GetBucketPolicyCommand({ Bucket })),
    ];
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(denied)));
  });

  test('named by the policy of the bucket → may what that says; the policy itself is 405 for it', async () => {
    const Bucket = await newBucket();
    await grantToOther(Bucket, ['s3:GetObject', 's3:GetBucketPolicy']);
    const { Body } = await stranger.send(new GetObjectCommand({ Bucket, Key: 'k' }));
    expect(await Body?.transformToString()).toBe('kept');
    const policy = stranger.send(new GetBucketPolicyCommand({ Bucket }));
    await expect(policy).rejects.toMatchObject(refusal('MethodNotAllowed', 405));
    await expect(stranger.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
  });

  test('where ACLs are disabled → it puts private objects no more than public ones, and the owner of the bucket does', async () => {
    const Bucket = await newBucket();
    await grantToOther(Bucket, ['s3:PutObject', 's3:PutObjectAcl']);
    const put = (client: S3Client, ACL: 'private' | 'bucket-owner-full-control') =>
      client.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ACL }));
    const refused = put(stranger, 'private');
    await expect(refused).rejects.toMatchObject(refusal('AccessControlListNotSupported', 400));
    await put(stranger, 'bucket-owner-full-control');
    await put(owner, 'private');
  });

  test('an object of its own → its list names both accounts to either of them', async () => {
    const Bucket = await newSharedBucket('public-read-write');
    await stranger.send(new PutObjectCommand({ Bucket, Key: 'mine', Body: 'x', ACL: 'bucket-owner-read' }));
    const { Owner, Grants } = await stranger.send(new GetObjectAclCommand({ Bucket, Key: 'mine' }));
    expect(Owner?.DisplayName).toBe('other');
    const { Owner: bucketOwner } = await owner.send(new GetBucketAclCommand({ Bucket }));
    expect(Grants?.map(({ Grantee }) => Grantee?.DisplayName)).toEqual(['other', bucketOwner?.DisplayName]);
    const listed = await owner.send(new ListObjectsV2Command({ Bucket, FetchOwner: true }));
    expect(listed.Contents?.map((one) => one.Owner?.DisplayName)).toEqual(['root', 'other']);
  });

  test('its bucket → the first account may nothing there either', async () => {
    const Bucket = await newBucketOf(stranger);
    await expect(owner.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
    await expect(owner.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject(denied);
  });
});

let buckets = 0;
async function newBucketOf(client: S3Client): Promise<string> {
  const Bucket = `others-${++buckets}`;
  await client.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

test('a user of another account → needs both the policy of the bucket and one of its own', async () => {
  const Bucket = await newBucket();
  const get = () => new GetObjectCommand({ Bucket, Key: 'k' });
  await expect(clientOf(bob).send(get())).rejects.toMatchObject(denied);
  await grantToOther(Bucket, ['s3:GetObject']);
  await clientOf(bob).send(get());
  await expect(clientOf(eve).send(get())).rejects.toMatchObject(denied);
});

describe('where ACLs count', () => {
  test("an object of another account → is that account's: neither the bucket's owner nor its policy gives it", async () => {
    const Bucket = await newSharedBucket('public-read-write');
    await stranger.send(new PutObjectCommand({ Bucket, Key: 'theirs', Body: 'x' }));
    await expect(owner.send(new GetObjectCommand({ Bucket, Key: 'theirs' }))).rejects.toMatchObject(denied);
    await expect(owner.send(new GetObjectTaggingCommand({ Bucket, Key: 'theirs' }))).rejects.toMatchObject(denied);
    await grantToOther(Bucket, ['s3:GetObject']);
    await expect(clientOf(eve).send(new GetObjectCommand({ Bucket, Key: 'theirs' }))).rejects.toBeDefined();
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await owner.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect(await statusOf(`/${Bucket}/k`)).toBe(200);
    expect(await statusOf(`/${Bucket}/theirs`)).toBe(403);
    await stranger.send(new PutObjectAclCommand({ Bucket, Key: 'theirs', ACL: 'public-read' }));
    expect(await statusOf(`/${Bucket}/theirs`)).toBe(200);
  });

  test("an object of another account → the bucket's owner removes it, and has it once ACLs are disabled", async () => {
    const Bucket = await newSharedBucket('public-read-write');
    for (const Key of ['removed', 'theirs']) await stranger.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    await owner.send(new DeleteObjectCommand({ Bucket, Key: 'removed' }));
    expect((await owner.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key)).toEqual([
      'k',
      'theirs',
    ]);
    await owner.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' as const }] };
    await owner.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    await owner.send(new GetObjectCommand({ Bucket, Key: 'theirs' }));
    await owner.send(new GetObjectTaggingCommand({ Bucket, Key: 'theirs' }));
  });

  test("another account's object, put anew with tags → the policy of the bucket gives what is new", async () => {
    const Bucket = await newSharedBucket('public-read');
    const Action = ['s3:PutObject', 's3:PutObjectTagging'];
    const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource: `arn:aws:s3:::${Bucket}/*` }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await owner.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    await stranger.send(new PutObjectCommand({ Bucket, Key: 'theirs', Body: 'x' }));
    const headers = { host: `127.0.0.1:${daemon().port}`, 'x-amz-tagging': 'a=b' };
    const put = await sendWire({ method: 'PUT', rawPath: `/${Bucket}/theirs`, rawQuery: '', headers });
    expect(put.status, put.body).toBe(200);
  });

  test('an object that is missing → 404 for whoever may list the bucket, 403 for others', async () => {
    const listed = await newSharedBucket('public-read');
    expect(await statusOf(`/${listed}/missing`)).toBe(404);
    const acl = (Bucket: string) => stranger.send(new GetObjectAclCommand({ Bucket, Key: 'missing' }));
    await expect(acl(listed)).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await owner.send(new PutBucketAclCommand({ Bucket: listed, ACL: 'private' }));
    expect(await statusOf(`/${listed}/missing`)).toBe(403);
    await expect(acl(listed)).rejects.toMatchObject(denied);
  });

  test('an upload → whoever began it may list and abort it, and no third one', async () => {
    const Bucket = await newSharedBucket('public-read-write');
    const begin = async (client: S3Client) => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'up' }));
      return { Bucket, Key: 'up', UploadId };
    };
    const theirs = await begin(stranger);
    const ours = await begin(owner);
    await expect(stranger.send(new AbortMultipartUploadCommand(ours))).rejects.toMatchObject(denied);
    await expect(stranger.send(new ListPartsCommand(ours))).rejects.toMatchObject(denied);
    await stranger.send(new ListPartsCommand(theirs));
    await stranger.send(new AbortMultipartUploadCommand(theirs));
    await owner.send(new AbortMultipartUploadCommand(ours));
  });
});

test('replicated to a bucket of another account, whose policy allows it → with its list; to the owner there, where a rule says so', async () => {
  await makeRole(daemon());
  const [source, copy] = [`${await daemon().newBucket()}-from`, 'replicas-of-another'];
  for (const [client, Bucket] of [
    [owner, source],
    [stranger, copy],
  ] as const) {
    await client.send(new CreateBucketCommand({ Bucket, ObjectOwnership: 'ObjectWriter' }));
    const VersioningConfiguration = { Status: 'Enabled' as const };
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  const allow = (...actions: string[]) => {
    const Action = actions.map((action) => `s3:${action}`);
    const Statement = [{ Effect: 'Allow', Principal: { AWS: role }, Action, Resource: `arn:aws:s3:::${copy}/*` }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    return stranger.send(new PutBucketPolicyCommand({ Bucket: copy, Policy }));
  };
  await allow('ReplicateObject');
  const Bucket = `arn:aws:s3:::${copy}`;
  const toOwner = { Bucket, Account: other, AccessControlTranslation: { Owner: 'Destination' as const } };
  await putRules(owner, source, [
    ruleTo(copy, { Filter: { Prefix: 'kept/' } }),
    ruleTo(copy, { ID: 'given', Priority: 2, Filter: { Prefix: 'given/' }, Destination: toOwner }),
  ]);
  const { Owner: strangers } = await stranger.send(new GetBucketAclCommand({ Bucket: copy }));
  const put = async (Key: string, status: string) => {
    await owner.send(new PutObjectCommand({ Bucket: source, Key, Body: 'x', GrantRead: `id=${strangers?.ID}` }));
    await eventually(async () => expect(await replicationOf(owner, source, Key)).toBe(status));
  };
  await put('given/k', 'FAILED');
  await allow('ReplicateObject', 'ObjectOwnerOverrideToBucketOwner');
  await put('given/k', 'COMPLETED');
  await put('kept/k', 'COMPLETED');
  const listOf = async (client: S3Client, Bucket: string, Key: string) => {
    const { Owner, Grants } = await client.send(new GetObjectAclCommand({ Bucket, Key }));
    return { Owner, Grants };
  };
  expect(await listOf(owner, copy, 'kept/k')).toEqual(await listOf(owner, source, 'kept/k'));
  const Grants = [{ Grantee: expect.objectContaining({ ID: strangers?.ID }), Permission: 'FULL_CONTROL' }];
  expect(await listOf(stranger, copy, 'given/k')).toMatchObject({ Owner: strangers, Grants });
});
