/** The public access block of an account, by S3 Control: what is kept of it, whose it is, and what it keeps the public from. */
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetBucketPolicyStatusCommand,
  GetPublicAccessBlockCommand,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  DeletePublicAccessBlockCommand as DeleteOfAccount,
  GetPublicAccessBlockCommand as GetOfAccount,
  type PublicAccessBlockConfiguration,
  PutPublicAccessBlockCommand as PutOfAccount,
} from '@aws-sdk/client-s3-control';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Credentials, controlClient } from '../support/control-client.ts';
import { region, rootKey } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const AccountId = '000000000000';
const other = '222222222222';
const otherRoot = { accessKeyId: 'other-root', secretAccessKey: 'others-secret' };
const reader = { accessKeyId: 'reader', secretAccessKey: 'readers-secret' };

const daemon = useDaemon({
  config: `
accounts:
  - id: '${AccountId}'
    users:
      - name: reader
        inlinePolicies:
          reads: { Statement: [{ Effect: Allow, Action: 's3:GetAccountPublicAccessBlock', Resource: '*' }] }
        keys: [{ accessKeyId: ${reader.accessKeyId}, secretAccessKey: ${reader.secretAccessKey} }]
  - id: '${other}'
    rootKey: { accessKeyId: ${otherRoot.accessKeyId}, secretAccessKey: ${otherRoot.secretAccessKey} }
`,
});
const { sendWire } = signedRequests(daemon);
const denied = refusal('AccessDenied', 403);
const none = {
  BlockPublicAcls: false,
  IgnorePublicAcls: false,
  BlockPublicPolicy: false,
  RestrictPublicBuckets: false,
};
const get = (credentials: Credentials = rootKey, account = AccountId) =>
  controlClient(daemon(), credentials).send(new GetOfAccount({ AccountId: account }));
const put = (block: PublicAccessBlockConfiguration, credentials: Credentials = rootKey, account = AccountId) =>
  controlClient(daemon(), credentials).send(
    new PutOfAccount({ AccountId: account, PublicAccessBlockConfiguration: block }),
  );
const remove = () => controlClient(daemon(), rootKey).send(new DeleteOfAccount({ AccountId }));
let s3: S3Client;

beforeAll(() => {
  s3 = daemon().client;
});
afterEach(remove);

describe('the block of an account', () => {
  test('none → NoSuchPublicAccessBlockConfiguration; put → kept over a restart, what is left out is false; deleted → none', async () => {
    const absent = refusal('NoSuchPublicAccessBlockConfiguration', 404, { AccountId });
    await expect(get()).rejects.toMatchObject(absent);
    await put({ BlockPublicAcls: true });
    await daemon().restart();
    s3 = daemon().client;
    const { PublicAccessBlockConfiguration } = await get();
    expect(PublicAccessBlockConfiguration).toEqual({ ...none, BlockPublicAcls: true });
    expect((await remove()).$metadata.httpStatusCode).toBe(204);
    await expect(get()).rejects.toMatchObject(absent);
    expect((await remove()).$metadata.httpStatusCode).toBe(204);
  });

  test('an empty one → InvalidRequest', async () => {
    const message = 'Must specify at least one configuration.';
    await expect(put({})).rejects.toMatchObject({ ...refusal('InvalidRequest', 400), message });
  });

  test('of another account → AccessDenied; without a signature → AccessDenied; its own → its own', async () => {
    await put(none);
    await expect(get(otherRoot)).rejects.toMatchObject(denied);
    await expect(put(none, rootKey, other)).rejects.toMatchObject(denied);
    await expect(get(otherRoot, other)).rejects.toMatchObject(refusal('NoSuchPublicAccessBlockConfiguration', 404));
    const path = '/v20180820/configuration/publicAccessBlock';
    const headers = { host: `127.0.0.1:${daemon().port}`, 'x-amz-account-id': AccountId };
    const unsigned = await sendWire({ method: 'GET', rawPath: path, rawQuery: '', headers });
    expect(unsigned).toMatchObject({ status: 403, code: 'AccessDenied' });
  });

  test('a user → needs the action of it', async () => {
    await put(none);
    expect((await get(reader)).PublicAccessBlockConfiguration).toEqual(none);
    const text = 's3:PutAccountPublicAccessBlock on resource: "*" because no identity-based policy allows';
    await expect(put(none, reader)).rejects.toMatchObject({ ...denied, message: expect.stringContaining(text) });
  });

  test('a path of S3 Control that is not served → NotImplemented; without the header → a bucket and its key', async () => {
    const ask = (headers: Record<string, string>) => {
      const wire = { host: `127.0.0.1:${daemon().port}`, ...headers };
      return sendWire({ method: 'GET', rawPath: '/v20180820/accesspoint', rawQuery: '', headers: wire });
    };
    const unknown = await ask({ 'x-amz-account-id': AccountId });
    expect(unknown).toMatchObject({ status: 501, code: 'NotImplemented' });
    expect(unknown.body).toMatch(
      /^<\?xml[^>]*\?>\s*<ErrorResponse><Error><Code>NotImplemented<\/Code>.*<\/Error><RequestId>/,
    );
    const ofBucket = await ask({});
    expect(ofBucket).toMatchObject({ status: 404, code: 'NoSuchBucket' });
    expect(ofBucket.body).not.toContain('ErrorResponse');
  });
});

describe('buckets that block nothing themselves', () => {
  let Bucket: string;
  beforeEach(async () => {
    Bucket = await daemon().newBucket();
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'kept' }));
  });
  const policy = (): Promise<unknown> => {
    const Statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` };
    return s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Statement }) }));
  };
  const enableAcls = () => {
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
    return s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  };
  const acl = () => s3.send(new PutBucketAclCommand({ Bucket, ACL: 'public-read' }));
  const statusOf = async (path: string): Promise<number> => {
    const headers = { host: `127.0.0.1:${daemon().port}` };
    return (await sendWire({ method: 'GET', rawPath: path, rawQuery: '', headers })).status;
  };

  test('BlockPublicPolicy → no new public policy; RestrictPublicBuckets → the public is kept out; both until it is lifted', async () => {
    await put({ BlockPublicPolicy: true });
    await expect(policy()).rejects.toMatchObject(denied);
    await remove();
    await policy();
    await put({ BlockPublicAcls: true });
    expect(await statusOf(`/${Bucket}/k`)).toBe(200);
    await put({ RestrictPublicBuckets: true });
    expect(await statusOf(`/${Bucket}/k`)).toBe(403);
    const { PolicyStatus } = await s3.send(new GetBucketPolicyStatusCommand({ Bucket }));
    expect(PolicyStatus).toEqual({ IsPublic: true });
    await expect(s3.send(new GetPublicAccessBlockCommand({ Bucket }))).rejects.toMatchObject(
      refusal('NoSuchPublicAccessBlockConfiguration', 404),
    );
    await remove();
    expect(await statusOf(`/${Bucket}/k`)).toBe(200);
  });

  test('BlockPublicAcls → no new public list, on buckets that are there and on new ones; IgnorePublicAcls → those there mean nothing', async () => {
    await enableAcls();
    await put({ BlockPublicAcls: true });
    await expect(acl()).rejects.toMatchObject(denied);
    const object = new PutObjectCommand({ Bucket, Key: 'public', Body: 'x', ACL: 'public-read' });
    await expect(s3.send(object)).rejects.toMatchObject(denied);
    const fresh = { Bucket: `${Bucket}-new`, ObjectOwnership: 'ObjectWriter', ACL: 'public-read' } as const;
    await expect(s3.send(new CreateBucketCommand(fresh))).rejects.toMatchObject(
      refusal('InvalidBucketAclWithBlockPublicAccessError', 400),
    );
    await remove();
    await acl();
    expect(await statusOf(`/${Bucket}`)).toBe(200);
    await put({ IgnorePublicAcls: true });
    expect(await statusOf(`/${Bucket}`)).toBe(403);
  });

  test('the block of another account → does not concern them', async () => {
    await put({ BlockPublicPolicy: true, RestrictPublicBuckets: true }, otherRoot, other);
    await policy();
    expect(await statusOf(`/${Bucket}/k`)).toBe(200);
    const options = { endpoint: daemon().endpoint, region, forcePathStyle: true, maxAttempts: 1 };
    const theirs = new S3Client({ ...options, credentials: otherRoot });
    await theirs.send(new CreateBucketCommand({ Bucket: `${Bucket}-theirs` }));
    await theirs.send(new DeletePublicAccessBlockCommand({ Bucket: `${Bucket}-theirs` }));
    const Statement = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:ListBucket',
      Resource: `arn:aws:s3:::${Bucket}-theirs`,
    };
    const open = new PutBucketPolicyCommand({ Bucket: `${Bucket}-theirs`, Policy: JSON.stringify({ Statement }) });
    await expect(theirs.send(open)).rejects.toMatchObject(denied);
  });
});
