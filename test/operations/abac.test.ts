/** Tags of buckets in policies: ABAC switched on and off, the tags by S3 Control, and what conditions ask of both. */

import { IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketTaggingCommand,
  GetBucketAbacCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutBucketAbacCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  ListTagsForResourceCommand,
  type Tag,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-s3-control';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Credentials, controlClient } from '../support/control-client.ts';
import { region, rootKey } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const AccountId = '000000000000';
const ann = { accessKeyId: 'key-of-ann', secretAccessKey: 'secret-of-ann' };

const daemon = useDaemon({
  config: `
accounts:
  - id: '${AccountId}'
    users: [{ name: ann, keys: [{ accessKeyId: ${ann.accessKeyId}, secretAccessKey: ${ann.secretAccessKey} }] }]
`,
});
const denied = refusal('AccessDenied', 403);
const arnOf = (bucket: string) => `arn:aws:s3:::${bucket}`;
type Statement = Readonly<Record<string, unknown>>;
let root: S3Client;
let user: S3Client;
let setUserPolicy: (...statements: Statement[]) => Promise<unknown>;

beforeAll(() => {
  root = daemon().client;
  const options = { endpoint: daemon().endpoint, region, maxAttempts: 1 };
  user = new S3Client({ ...options, credentials: ann, forcePathStyle: true });
  const iam = new IAMClient({ ...options, credentials: rootKey });
  setUserPolicy = (...Statement) =>
    iam.send(
      new PutUserPolicyCommand({
        UserName: 'ann',
        PolicyName: 'own',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
      }),
    );
});

const control = (credentials: Credentials = rootKey) => controlClient(daemon(), credentials);
const tag = (bucket: string, Tags: Tag[], credentials: Credentials = rootKey) =>
  control(credentials).send(new TagResourceCommand({ AccountId, ResourceArn: arnOf(bucket), Tags }));
const untag = (bucket: string, TagKeys: string[], credentials: Credentials = rootKey) =>
  control(credentials).send(new UntagResourceCommand({ AccountId, ResourceArn: arnOf(bucket), TagKeys }));
const tagsOf = async (bucket: string) =>
  (await control().send(new ListTagsForResourceCommand({ AccountId, ResourceArn: arnOf(bucket) }))).Tags;
const setAbac = (Bucket: string, Status: 'Enabled' | 'Disabled') =>
  root.send(new PutBucketAbacCommand({ Bucket, AbacStatus: { Status } }));
const putTags = (Bucket: string, ...TagSet: { Key: string; Value: string }[]) =>
  root.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
const blue = { Key: 'team', Value: 'blue' };

describe('tags by S3 Control', () => {
  test('none → an empty list; set one by one, replaced, removed → what S3 lists too', async () => {
    const Bucket = await daemon().newBucket();
    expect(await tagsOf(Bucket)).toEqual([]);
    expect((await tag(Bucket, [blue, { Key: 'a b/c', Value: '' }])).$metadata.httpStatusCode).toBe(204);
    await tag(Bucket, [{ Key: 'team', Value: 'red' }]);
    const both = [
      { Key: 'a b/c', Value: '' },
      { Key: 'team', Value: 'red' },
    ];
    expect(await tagsOf(Bucket)).toEqual(both);
    expect((await root.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(both);
    await untag(Bucket, ['a b/c', 'team', 'none']);
    await expect(root.send(new GetBucketTaggingCommand({ Bucket }))).rejects.toMatchObject(
      refusal('NoSuchTagSet', 404),
    );
  });

  test('set by many at once → none is lost; more than fifty → refused, and none is set', async () => {
    const Bucket = await daemon().newBucket();
    const numbered = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: 'v' }));
    await Promise.all(numbered.map((one) => tag(Bucket, [one])));
    expect(await tagsOf(Bucket)).toHaveLength(50);
    await expect(tag(Bucket, [blue])).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
    expect(await tagsOf(Bucket)).toHaveLength(50);
  });

  test('of a bucket that is not there, of another account’s number, of what is no bucket → refused', async () => {
    const Bucket = await daemon().newBucket();
    await expect(tagsOf(`${Bucket}-none`)).rejects.toMatchObject(refusal('NoSuchBucket', 404));
    const ofOther = new ListTagsForResourceCommand({ AccountId: '222222222222', ResourceArn: arnOf(Bucket) });
    await expect(control().send(ofOther)).rejects.toMatchObject(denied);
    const ResourceArn = `arn:aws:s3:us-east-1:${AccountId}:accesspoint/one`;
    const ofPoint = new ListTagsForResourceCommand({ AccountId, ResourceArn });
    await expect(control().send(ofPoint)).rejects.toMatchObject(refusal('NotImplemented', 501));
  });

  test('by a user → need their own actions, and conditions see the tags of the request', async () => {
    const Bucket = await daemon().newBucket();
    await setUserPolicy({ Effect: 'Allow', Action: 's3:PutBucketTagging', Resource: '*' });
    await expect(tag(Bucket, [blue], ann)).rejects.toMatchObject(denied);
    await setUserPolicy(
      {
        Effect: 'Allow',
        Action: 's3:TagResource',
        Resource: arnOf(Bucket),
        Condition: {
          StringEquals: { 'aws:RequestTag/team': 'blue' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' },
        },
      },
      {
        Effect: 'Allow',
        Action: 's3:UntagResource',
        Resource: arnOf(Bucket),
        Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'old'] } },
      },
    );
    await tag(Bucket, [blue], ann);
    await expect(tag(Bucket, [{ ...blue, Value: 'red' }], ann)).rejects.toMatchObject(denied);
    await expect(tag(Bucket, [blue, { Key: 'more', Value: '' }], ann)).rejects.toMatchObject(denied);
    await expect(untag(Bucket, ['team', 'more'], ann)).rejects.toMatchObject(denied);
    await untag(Bucket, ['team', 'old'], ann);
    expect(await tagsOf(Bucket)).toEqual([]);
  });
});

describe('a bucket made with tags', () => {
  test('by a user → needs s3:TagResource too, and conditions see the tags', async () => {
    const make = (Bucket: string, ...Tags: Tag[]) =>
      user.send(
        new CreateBucketCommand({
          Bucket,
          CreateBucketConfiguration: { Tags: Tags as { Key: string; Value: string }[] },
        }),
      );
    const Condition = { StringEquals: { 'aws:RequestTag/team': 'blue' } };
    await setUserPolicy({ Effect: 'Allow', Action: 's3:CreateBucket', Resource: '*', Condition });
    await expect(make('abac-made-1', blue)).rejects.toMatchObject(denied);
    await setUserPolicy({ Effect: 'Allow', Action: ['s3:CreateBucket', 's3:TagResource'], Resource: '*', Condition });
    await make('abac-made-1', blue);
    await expect(make('abac-made-2', { ...blue, Value: 'red' })).rejects.toMatchObject(denied);
    await expect(make('abac-made-2')).rejects.toMatchObject(denied);
    expect(await tagsOf('abac-made-1')).toEqual([blue]);
  });
});

describe('ABAC', () => {
  test('of a new bucket → Disabled; enabled → kept over a restart, tags are changed by S3 Control alone; disabled → by both', async () => {
    const Bucket = await daemon().newBucket();
    const statusOf = async () => (await root.send(new GetBucketAbacCommand({ Bucket }))).AbacStatus?.Status;
    expect(await statusOf()).toBe('Disabled');
    await putTags(Bucket, blue);
    await setAbac(Bucket, 'Enabled');
    await daemon().restart();
    root = daemon().client;
    expect(await statusOf()).toBe('Enabled');
    const refused = refusal('InvalidRequest', 400);
    await expect(putTags(Bucket, { ...blue, Value: 'red' })).rejects.toMatchObject(refused);
    await expect(root.send(new DeleteBucketTaggingCommand({ Bucket }))).rejects.toMatchObject(refused);
    expect((await root.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual([blue]);
    await tag(Bucket, [{ ...blue, Value: 'red' }]);
    await setAbac(Bucket, 'Disabled');
    await putTags(Bucket);
    expect(await tagsOf(Bucket)).toEqual([]);
  });

  test.for(['aws:ResourceTag', 's3:BucketTag'])(
    '%s in the policy of a user → holds for the bucket and what is in it, while ABAC is enabled',
    async (key) => {
      const Bucket = await daemon().newBucket();
      await root.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
      await tag(Bucket, [blue]);
      const Condition = { StringEquals: { [`${key}/Team`]: 'blue' } };
      await setUserPolicy({ Effect: 'Allow', Action: ['s3:GetObject', 's3:ListBucket'], Resource: '*', Condition });
      const read = () => user.send(new GetObjectCommand({ Bucket, Key: 'k' }));
      const list = () => user.send(new ListObjectsV2Command({ Bucket }));
      await expect(read()).rejects.toMatchObject(denied);
      await setAbac(Bucket, 'Enabled');
      await read();
      await list();
      await tag(Bucket, [{ ...blue, Value: 'red' }]);
      await expect(read()).rejects.toMatchObject(denied);
      await expect(list()).rejects.toMatchObject(denied);
      await tag(Bucket, [blue]);
      await read();
      await setAbac(Bucket, 'Disabled');
      await expect(read()).rejects.toMatchObject(denied);
    },
  );

  test('in the policy of the bucket → denies by its tags', async () => {
    const Bucket = await daemon().newBucket();
    const Condition = { StringEquals: { 's3:BucketTag/closed': 'yes' } };
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:ListBucket', Resource: arnOf(Bucket), Condition };
    await root.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement: deny }) }));
    await setAbac(Bucket, 'Enabled');
    await root.send(new HeadBucketCommand({ Bucket }));
    await tag(Bucket, [{ Key: 'closed', Value: 'yes' }]);
    await expect(root.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
  });
});
