/** Policies of buckets and of users: what is put and read, who may then do what, and what they are told. */
import {
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  IAMClient,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetFederationTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { region, rootKey } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

type Statement = Readonly<Record<string, unknown>>;

const daemon = useDaemon();
const { send, sendWire } = signedRequests(daemon);
const account = '000000000000';
const denied = refusal('AccessDenied', 403);
let root: S3Client;
let user: S3Client;
let sts: STSClient;
let iam: IAMClient;
let setUserPolicy: (...statements: Statement[]) => Promise<unknown>;
const arnOfUser = `arn:aws:iam::${account}:user/ann`;

const text = (...statements: Statement[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | readonly string[], Resource: string | readonly string[], more: Statement = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});

beforeAll(async () => {
  root = daemon().client;
  const options = { endpoint: daemon().endpoint, region, maxAttempts: 1 };
  iam = new IAMClient({ ...options, credentials: rootKey });
  await iam.send(new CreateUserCommand({ UserName: 'ann' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
  const { AccessKeyId: accessKeyId = '', SecretAccessKey: secretAccessKey = '' } = AccessKey ?? {};
  user = new S3Client({ ...options, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
  sts = new STSClient({ ...options, credentials: { accessKeyId, secretAccessKey } });
  setUserPolicy = (...statements) =>
    iam.send(new PutUserPolicyCommand({ UserName: 'ann', PolicyName: 'own', PolicyDocument: text(...statements) }));
});

/** A bucket that holds `open/k` and `shut/k` and blocks no public access. */
async function newBucket(): Promise<{ Bucket: string; bucket: string; objects: string }> {
  const Bucket = await daemon().newBucket();
  await root.send(new DeletePublicAccessBlockCommand({ Bucket }));
  for (const Key of ['open/k', 'shut/k']) await root.send(new PutObjectCommand({ Bucket, Key, Body: 'kept' }));
  return { Bucket, bucket: `arn:aws:s3:::${Bucket}`, objects: `arn:aws:s3:::${Bucket}/*` };
}

const setPolicy = (Bucket: string, ...statements: Statement[]) =>
  root.send(new PutBucketPolicyCommand({ Bucket, Policy: text(...statements) }));

async function statusOf(path: string, { method = 'GET', query = '' } = {}): Promise<number> {
  const headers = { host: `127.0.0.1:${daemon().port}` };
  return (await sendWire({ method, rawPath: path, rawQuery: query, headers })).status;
}

describe('the policy of a bucket', () => {
  test('none → NoSuchBucketPolicy; put → 204, read as it was sent, also after a restart; deleted → none', async () => {
    const { Bucket, objects } = await newBucket();
    const none = refusal('NoSuchBucketPolicy', 404, { BucketName: Bucket });
    await expect(root.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject(none);
    await expect(root.send(new GetBucketPolicyStatusCommand({ Bucket }))).rejects.toMatchObject(none);
    const Policy = JSON.stringify(JSON.parse(text(allow('s3:GetObject', objects, { Principal: '*' }))), null, 2);
    const put = await root.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect(put.$metadata.httpStatusCode).toBe(204);
    await daemon().restart();
    root = daemon().client;
    expect((await root.send(new GetBucketPolicyCommand({ Bucket }))).Policy).toBe(Policy);
    const { PolicyStatus } = await root.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus).toEqual({ IsPublic: true });
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(200);
    await root.send(new DeleteBucketPolicyCommand({ Bucket }));
    await expect(root.send(new GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject(none);
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(403);
  });

  test('put without a checksum, as mc and s3cmd do → taken', async () => {
    const { Bucket, objects } = await newBucket();
    const body = text(allow('s3:GetObject', objects, { Principal: '*' }));
    const put = await send({ method: 'PUT', path: `/${Bucket}`, query: [['policy', '']], body });
    expect(put.status).toBe(204);
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(200);
  });

  test('that is none → MalformedPolicy with the reason, and the old one stays', async () => {
    const { Bucket, objects } = await newBucket();
    await setPolicy(Bucket, allow('s3:GetObject', objects, { Principal: '*' }));
    const put = root.send(new PutBucketPolicyCommand({ Bucket, Policy: text(allow('s3:GetObject', objects)) }));
    await expect(put).rejects.toMatchObject({ name: 'MalformedPolicy', message: 'Missing required field Principal' });
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(200);
  });

  test('that names a user or role of a known account that is not there → refused; one of an account elsewhere → taken', async () => {
    const { Bucket, objects } = await newBucket();
    const naming = (AWS: string) => setPolicy(Bucket, allow('s3:GetObject', objects, { Principal: { AWS } }));
    await naming(arnOfUser);
    for (const name of [`arn:aws:iam::${account}:user/nobody`, `arn:aws:iam::${account}:role/none`]) {
      const refused = { name: 'MalformedPolicy', message: 'Invalid principal in policy' };
      await expect(naming(name)).rejects.toMatchObject(refused);
    }
    await naming('arn:aws:iam::999999999999:user/nobody');
  });

  test('public, where that is blocked → refused; put before → kept from the public by RestrictPublicBuckets', async () => {
    const { Bucket, objects } = await newBucket();
    const statement = allow('s3:GetObject', objects, { Principal: '*' });
    await setPolicy(Bucket, statement);
    const block = (PublicAccessBlockConfiguration: object) =>
      root.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    await block({ BlockPublicPolicy: true });
    await expect(setPolicy(Bucket, statement)).rejects.toMatchObject(denied);
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(200);
    await setPolicy(Bucket, { ...statement, Principal: { AWS: account } });
    await block({ RestrictPublicBuckets: true });
    await setPolicy(Bucket, statement);
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(403);
    // To users of its own account the bucket is open all the same.
    await setUserPolicy(allow('iam:*', '*'));
    await user.send(new GetObjectCommand({ Bucket, Key: 'open/k' }));
  });

  test('that denies everybody everything → the root reads, puts and deletes it all the same, and nothing else', async () => {
    const { Bucket, bucket, objects } = await newBucket();
    await setPolicy(Bucket, { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [bucket, objects] });
    await expect(root.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      ...denied,
      message: `User: arn:aws:iam::${account}:root is not authorized to perform: s3:ListBucket on resource: "${bucket}" with an explicit deny in a resource-based policy`,
    });
    await root.send(new GetBucketPolicyCommand({ Bucket }));
    await root.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect((await root.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(2);
  });
});

describe('nobody', () => {
  test('→ what the policy gives to everybody, under its conditions', async () => {
    const { Bucket, bucket, objects } = await newBucket();
    await setPolicy(
      Bucket,
      allow('s3:GetObject', `${bucket}/open/*`, { Principal: '*' }),
      allow('s3:ListBucket', bucket, { Principal: '*', Condition: { StringEquals: { 's3:prefix': 'open/' } } }),
      allow('s3:PutObject', objects, { Principal: '*', Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } }),
    );
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(200);
    expect(await statusOf(`/${Bucket}/shut/k`)).toBe(403);
    expect(await statusOf(`/${Bucket}`)).toBe(403);
    expect(await statusOf(`/${Bucket}`, { query: 'prefix=open/' })).toBe(200);
    expect(await statusOf(`/${Bucket}/new`, { method: 'PUT' })).toBe(403);
  });

  test('a key that is missing → 403, and 404 for those who may list it', async () => {
    const { Bucket, bucket, objects } = await newBucket();
    const reads = allow('s3:GetObject', objects, { Principal: '*' });
    await setPolicy(Bucket, reads);
    expect([await statusOf(`/${Bucket}/nothing`), await statusOf(`/${Bucket}/nothing`, { method: 'HEAD' })]).toEqual([
      403, 403,
    ]);
    const lists = allow('s3:ListBucket', bucket, {
      Principal: '*',
      Condition: { StringLike: { 's3:prefix': 'not*' } },
    });
    await setPolicy(Bucket, reads, lists);
    expect(await statusOf(`/${Bucket}/nothing`)).toBe(404);
    expect(await statusOf(`/${Bucket}/else`)).toBe(403);
  });

  test('may list and not read → is told what is missing, and refused what is there; may not delete either', async () => {
    const { Bucket, bucket } = await newBucket();
    const Condition = { StringLike: { 's3:prefix': 'open/*' } };
    await setPolicy(Bucket, allow('s3:ListBucket', bucket, { Principal: '*', Condition }));
    expect(await statusOf(`/${Bucket}/open/missing`)).toBe(404);
    expect(await statusOf(`/${Bucket}/shut/missing`)).toBe(403);
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(403);
    expect(await statusOf(`/${Bucket}/open/missing`, { method: 'DELETE' })).toBe(403);
  });

  test('tags of the object → decide', async () => {
    const { Bucket, objects } = await newBucket();
    const Condition = { StringEquals: { 's3:ExistingObjectTag/open': 'yes' } };
    await setPolicy(Bucket, allow('s3:GetObject', objects, { Principal: '*', Condition }));
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(403);
    const Tagging = { TagSet: [{ Key: 'open', Value: 'yes' }] };
    await root.send(new PutObjectTaggingCommand({ Bucket, Key: 'open/k', Tagging }));
    expect(await statusOf(`/${Bucket}/open/k`)).toBe(200);
  });
});

describe('a user', () => {
  test('without policies → nothing, and is told why', async () => {
    const { Bucket } = await newBucket();
    await setUserPolicy(allow('iam:*', '*'));
    await expect(user.send(new GetObjectCommand({ Bucket, Key: 'open/k' }))).rejects.toMatchObject({
      ...denied,
      message: `User: ${arnOfUser} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::${Bucket}/open/k" because no identity-based policy allows the s3:GetObject action`,
    });
    await expect(user.send(new ListBucketsCommand({}))).rejects.toMatchObject(denied);
    await expect(user.send(new CreateBucketCommand({ Bucket: 'of-ann' }))).rejects.toMatchObject(denied);
  });

  test('with a policy for buckets of some names → makes those and no others', async () => {
    await setUserPolicy(allow('s3:CreateBucket', 'arn:aws:s3:::anns-*'));
    await user.send(new CreateBucketCommand({ Bucket: 'anns-bucket' }));
    await expect(user.send(new CreateBucketCommand({ Bucket: 'bobs-bucket' }))).rejects.toMatchObject(denied);
  });

  test('with a policy that asks for the tags of the object → these decide', async () => {
    const { Bucket, objects } = await newBucket();
    const Condition = { StringEquals: { 's3:ExistingObjectTag/open': 'yes' } };
    await setUserPolicy(allow('s3:GetObject', objects, { Condition }));
    const get = () => user.send(new GetObjectCommand({ Bucket, Key: 'open/k' }));
    await expect(get()).rejects.toMatchObject(denied);
    const Tagging = { TagSet: [{ Key: 'open', Value: 'yes' }] };
    await root.send(new PutObjectTaggingCommand({ Bucket, Key: 'open/k', Tagging }));
    await get();
  });

  test('limited by the tags of the object, in a boundary or the policy of a session → these decide', async () => {
    const { Bucket, objects } = await newBucket();
    const byTags = text(
      allow('s3:GetObject', objects, { Condition: { StringEquals: { 's3:ExistingObjectTag/a': 'b' } } }),
    );
    await setUserPolicy(allow('s3:GetObject', objects), allow('sts:GetFederationToken', '*'));
    const { Credentials } = await sts.send(new GetFederationTokenCommand({ Name: 'session', Policy: byTags }));
    const session = new S3Client({
      endpoint: daemon().endpoint,
      region,
      maxAttempts: 1,
      forcePathStyle: true,
      credentials: {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken ?? '',
      },
    });
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'by-tags', PolicyDocument: byTags }));
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: 'ann', PermissionsBoundary: Policy?.Arn ?? '' }));
    onTestFinished(async () => void (await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: 'ann' }))));
    const get = new GetObjectCommand({ Bucket, Key: 'open/k' });
    await expect(user.send(get)).rejects.toMatchObject(denied);
    await iam.send(new DeleteUserPermissionsBoundaryCommand({ UserName: 'ann' }));
    await expect(session.send(get)).rejects.toMatchObject(denied);
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
    await root.send(new PutObjectTaggingCommand({ Bucket, Key: 'open/k', Tagging }));
    await session.send(get);
    await iam.send(new PutUserPermissionsBoundaryCommand({ UserName: 'ann', PermissionsBoundary: Policy?.Arn ?? '' }));
    await user.send(get);
  });

  test('with a policy for versions → those that it says; one that is missing is told to who may list versions', async () => {
    const { Bucket, bucket, objects } = await newBucket();
    const get = (VersionId: string) => user.send(new GetObjectCommand({ Bucket, Key: 'open/k', VersionId }));
    const Condition = { StringEquals: { 's3:VersionId': 'null' } };
    await setUserPolicy(allow('s3:GetObjectVersion', objects, { Condition }), allow('s3:ListBucket', bucket));
    await get('null');
    await expect(get('A'.repeat(32))).rejects.toMatchObject(denied);
    await setUserPolicy(allow(['s3:GetObjectVersion', 's3:ListBucketVersions'], [bucket, objects]));
    await expect(get('A'.repeat(32))).rejects.toMatchObject(refusal('NoSuchVersion', 404));
  });

  test('with a policy → that and no more; a denial of the bucket → wins', async () => {
    const { Bucket, bucket, objects } = await newBucket();
    await setUserPolicy(
      allow(['s3:GetObject', 's3:ListBucket'], [bucket, `${bucket}/open/*`]),
      allow('s3:ListAllMyBuckets', 'arn:aws:s3:::*'),
    );
    const get = (Key: string) => user.send(new GetObjectCommand({ Bucket, Key }));
    await get('open/k');
    await expect(get('shut/k')).rejects.toMatchObject(denied);
    await expect(user.send(new PutObjectCommand({ Bucket, Key: 'open/k', Body: 'x' }))).rejects.toMatchObject(denied);
    expect((await user.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(2);
    expect((await user.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    await expect(user.send(new HeadObjectCommand({ Bucket, Key: 'open/none' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
    await setPolicy(Bucket, {
      Effect: 'Deny',
      Principal: { AWS: arnOfUser },
      Action: 's3:GetObject',
      Resource: objects,
    });
    await expect(get('open/k')).rejects.toMatchObject(denied);
  });

  test('named by the policy of the bucket → what it allows, without a policy of its own', async () => {
    const { Bucket, objects } = await newBucket();
    await setUserPolicy(allow('iam:*', '*'));
    await setPolicy(Bucket, allow('s3:GetObject', objects, { Principal: { AWS: arnOfUser } }));
    await user.send(new GetObjectCommand({ Bucket, Key: 'open/k' }));
    await setPolicy(Bucket, allow('s3:GetObject', objects, { Principal: { AWS: account } }));
    await expect(user.send(new GetObjectCommand({ Bucket, Key: 'open/k' }))).rejects.toMatchObject(denied);
  });

  test('headers that do more than put an object → need their own actions', async () => {
    const { Bucket, objects } = await newBucket();
    await setUserPolicy(allow('s3:PutObject', objects));
    const put = (more: object) => user.send(new PutObjectCommand({ Bucket, Key: 'new', Body: 'x', ...more }));
    await put({});
    await expect(put({ Tagging: 'a=b' })).rejects.toMatchObject(denied);
    await expect(put({ ACL: 'private' })).rejects.toMatchObject(denied);
    await setUserPolicy(allow(['s3:PutObject', 's3:PutObjectTagging', 's3:PutObjectAcl'], objects));
    await put({ Tagging: 'a=b', ACL: 'private' });
  });

  test('tags in a body → decide, and are needed', async () => {
    const { Bucket, objects } = await newBucket();
    const Condition = { StringEquals: { 's3:RequestObjectTag/team': 'blue' } };
    await setUserPolicy(allow('s3:PutObjectTagging', objects, { Condition }));
    const tag = (Value: string) =>
      user.send(new PutObjectTaggingCommand({ Bucket, Key: 'open/k', Tagging: { TagSet: [{ Key: 'team', Value }] } }));
    await tag('blue');
    await expect(tag('red')).rejects.toMatchObject(denied);
  });

  test('a copy → the source must be readable too, with its tags', async () => {
    const { Bucket, bucket } = await newBucket();
    const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
    await root.send(new PutObjectTaggingCommand({ Bucket, Key: 'open/k', Tagging }));
    const copy = () => user.send(new CopyObjectCommand({ Bucket, Key: 'copies/k', CopySource: `${Bucket}/open/k` }));
    const writes = allow(['s3:PutObject', 's3:PutObjectTagging'], `${bucket}/copies/*`);
    await setUserPolicy(writes);
    await expect(copy()).rejects.toMatchObject(denied);
    await setUserPolicy(writes, allow('s3:GetObject', `${bucket}/open/*`));
    await expect(copy()).rejects.toMatchObject(denied);
    await setUserPolicy(writes, allow(['s3:GetObject', 's3:GetObjectTagging'], `${bucket}/open/*`));
    await copy();
  });

  test('a copy of a source that is missing → told to who may list its bucket, 403 to all others', async () => {
    const { Bucket, bucket, objects } = await newBucket();
    const copy = () => user.send(new CopyObjectCommand({ Bucket, Key: 'k', CopySource: `${Bucket}/open/none` }));
    await setUserPolicy(allow(['s3:GetObject', 's3:PutObject'], objects));
    await expect(copy()).rejects.toMatchObject({ ...denied, message: 'Access Denied' });
    await setUserPolicy(allow(['s3:GetObject', 's3:PutObject', 's3:ListBucket'], [bucket, objects]));
    await expect(copy()).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });

  test('many keys deleted at once → each decided by itself', async () => {
    const { Bucket, bucket } = await newBucket();
    await setUserPolicy(allow('s3:DeleteObject', `${bucket}/open/*`));
    const Objects = [{ Key: 'open/k' }, { Key: 'shut/k' }];
    const { Deleted, Errors } = await user.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(['open/k']);
    expect(Errors).toMatchObject([{ Key: 'shut/k', Code: 'AccessDenied' }]);
    expect((await root.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key)).toEqual(['shut/k']);
  });
});
