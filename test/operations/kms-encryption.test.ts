/** SSE-KMS and defaults of buckets as clients meet them: which key an object is under, who may read it, and what is refused. */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  GetBucketEncryptionCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type ServerSideEncryptionRule,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { kmsCallers } from '../support/kms-callers.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const keys = [{ id: 'one', alias: 'first' }, { id: 'two' }, { id: 'off' }, { id: 'unread' }];
const daemon = useDaemon({ config: JSON.stringify({ encryption: { default: 'AES256', kms: { keys } } }) });
const { send } = signedRequests(daemon);
const { kms, newUser } = kmsCallers(daemon);
const arnOf = (id: string) => `arn:aws:kms:us-east-1:000000000000:key/${id}`;
const invalid = (text: string) => ({ ...refusal('InvalidArgument', 400), message: expect.stringContaining(text) });
let Bucket: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

const put = (input: Partial<PutObjectCommandInput> = {}, client = daemon().client) =>
  client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'text', ...input }));
const get = (Key = 'k', client = daemon().client) => client.send(new GetObjectCommand({ Bucket, Key }));
const textOf = async (Key = 'k') => (await get(Key)).Body?.transformToString();
const underKms = (id: string) => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: id }) as const;

const setDefault = (rule: ServerSideEncryptionRule, name = Bucket) =>
  daemon().client.send(
    new PutBucketEncryptionCommand({ Bucket: name, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
  );
const defaultOf = async (name = Bucket) =>
  (await daemon().client.send(new GetBucketEncryptionCommand({ Bucket: name }))).ServerSideEncryptionConfiguration;

describe('objects under keys of KMS', () => {
  test.for([
    ['its id', 'one'],
    ['its ARN', arnOf('one')],
    ['its alias', 'alias/first'],
    ['the ARN of its alias', 'arn:aws:kms:us-east-1:000000000000:alias/first'],
  ] as const)(
    'a key named by %s → its ARN in every answer, the text as it was, an ETag that tells nothing',
    async ([, id]) => {
      const shown = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: arnOf('one') };
      const written = await put(underKms(id));
      expect(written).toMatchObject(shown);
      expect(await daemon().client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).toMatchObject(shown);
      expect(await get()).toMatchObject(shown);
      expect(await textOf()).toBe('text');
      expect(written.ETag).not.toBe('"1cb251ec0d568de6a929b520c4aed8d1"');
    },
  );

  test('no key named → the one that S3 has in the account, which its alias names too', async () => {
    const { SSEKMSKeyId } = await put({ ServerSideEncryption: 'aws:kms' });
    const { KeyMetadata } = await kms('DescribeKey', { KeyId: 'alias/aws/s3' });
    expect(KeyMetadata).toMatchObject({ Arn: SSEKMSKeyId, KeyManager: 'AWS' });
    expect(await put(underKms('alias/aws/s3'))).toMatchObject({ SSEKMSKeyId });
    expect(await kms('Encrypt', { KeyId: SSEKMSKeyId, Plaintext: 'eA==' })).toMatchObject({
      __type: 'AccessDeniedException',
    });
  });

  test('two layers, a key for the bucket, a context → as asked, and told', async () => {
    expect(await put({ ...underKms('one'), ServerSideEncryption: 'aws:kms:dsse' })).toMatchObject({
      ServerSideEncryption: 'aws:kms:dsse',
    });
    expect(await textOf()).toBe('text');
    const SSEKMSEncryptionContext = Buffer.from('{"team":"photos"}').toString('base64');
    const shared = await put({ ...underKms('one'), BucketKeyEnabled: true, SSEKMSEncryptionContext });
    expect(shared).toMatchObject({ BucketKeyEnabled: true, SSEKMSEncryptionContext });
    expect(await textOf()).toBe('text');
  });

  test('an upload in parts → each under the key it was begun with, whatever the part says', async () => {
    const begun = await daemon().client.send(
      new CreateMultipartUploadCommand({ Bucket, Key: 'parts', ...underKms('one') }),
    );
    const part = { Bucket, Key: 'parts', UploadId: begun.UploadId, PartNumber: 1 };
    const { ETag, SSEKMSKeyId } = await daemon().client.send(new UploadPartCommand({ ...part, Body: 'part' }));
    expect(SSEKMSKeyId).toBe(arnOf('one'));
    const completed = await daemon().client.send(
      new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ ETag, PartNumber: 1 }] } }),
    );
    expect(completed).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: arnOf('one') });
    expect(await textOf('parts')).toBe('part');
  });

  test('a copy → under the key that it names, or none of its source', async () => {
    await put(underKms('one'));
    const copy = (more: object) =>
      daemon().client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k`, ...more }));
    expect(await copy(underKms('two'))).toMatchObject({ SSEKMSKeyId: arnOf('two') });
    expect(await textOf('copy')).toBe('text');
    const { SSEKMSKeyId, ServerSideEncryption } = await copy({});
    expect({ SSEKMSKeyId, ServerSideEncryption }).toEqual({ SSEKMSKeyId: undefined, ServerSideEncryption: 'AES256' });
    expect(await textOf('copy')).toBe('text');
  });

  test('a key that is not there, disabled, or waits for its end → refused, to write and to read', async () => {
    await expect(put(underKms('absent'))).rejects.toMatchObject({
      ...refusal('KMS.NotFoundException', 400),
      message: "Invalid keyId 'absent'",
    });
    await put({ ...underKms('off'), Key: 'off' });
    await kms('DisableKey', { KeyId: 'off' });
    const disabled = { ...refusal('KMS.DisabledException', 400), message: `${arnOf('off')} is disabled.` };
    await expect(put(underKms('off'))).rejects.toMatchObject(disabled);
    await expect(get('off')).rejects.toMatchObject(disabled);
    await kms('ScheduleKeyDeletion', { KeyId: 'off' });
    await expect(get('off')).rejects.toMatchObject({ name: 'KMS.KMSInvalidStateException' });
    await kms('CancelKeyDeletion', { KeyId: 'off' });
    await kms('EnableKey', { KeyId: 'off' });
    expect(await textOf('off')).toBe('text');
  });
});

describe('who may use keys', () => {
  test('a user with all of S3 → needs GenerateDataKey to write and Decrypt to read, and hears which is missing', async () => {
    const nobody = await newUser('nobody');
    const text = (action: string) => expect.stringContaining(`perform: kms:${action} on resource: "${arnOf('one')}"`);
    const denied = (action: string) => ({ ...refusal('AccessDenied', 403), message: text(action) });
    await expect(put(underKms('one'), nobody)).rejects.toMatchObject(denied('GenerateDataKey'));
    await put(underKms('one'));
    await expect(get('k', nobody)).rejects.toMatchObject(denied('Decrypt'));
    await nobody.send(new HeadObjectCommand({ Bucket, Key: 'k' }));
    const copy = new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k` });
    await expect(nobody.send(copy)).rejects.toMatchObject(denied('Decrypt'));
    await put({ ServerSideEncryption: 'aws:kms', Key: 'managed' }, nobody);
    expect(await (await get('managed', nobody)).Body?.transformToString()).toBe('text');
  });

  test('conditions on the service and on the context → hold for what S3 asks for this object alone', async () => {
    const arn = `arn:aws:s3:::${Bucket}/mine`;
    const ann = await newUser('ann', {
      ...{ Effect: 'Allow', Action: ['kms:GenerateDataKey', 'kms:Decrypt'], Resource: arnOf('one') },
      Condition: {
        StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com', 'kms:EncryptionContext:aws:s3:arn': arn },
      },
    });
    await put({ ...underKms('one'), Key: 'mine' }, ann);
    expect(await (await get('mine', ann)).Body?.transformToString()).toBe('text');
    await expect(put({ ...underKms('one'), Key: 'other' }, ann)).rejects.toMatchObject(refusal('AccessDenied', 403));
  });

  test('the key’s policy without the account → not even its root', async () => {
    await put({ ...underKms('unread'), Key: 'unread' });
    const Statement = [
      { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:Put*', Resource: '*' },
    ];
    expect(
      await kms('PutKeyPolicy', { KeyId: 'unread', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    ).toEqual({});
    await expect(get('unread')).rejects.toMatchObject({
      message: expect.stringContaining('no resource-based policy allows the kms:Decrypt action'),
    });
  });
});

describe('refused', () => {
  test.for([
    ['a key without its method', { SSEKMSKeyId: 'one' }, 'requires HTTP header x-amz-server-side-encryption : aws:kms'],
    ['a key beside AES256', { ...underKms('one'), ServerSideEncryption: 'AES256' }, 'requires HTTP header'],
    ['a context that is no JSON', { ...underKms('one'), SSEKMSEncryptionContext: 'eA==' }, 'string-string map'],
    [
      'a context of AWS’s own',
      { ...underKms('one'), SSEKMSEncryptionContext: Buffer.from('{"aws:s3:arn":"x"}').toString('base64') },
      'is reserved',
    ],
    [
      'a bucket key with two layers',
      { ServerSideEncryption: 'aws:kms:dsse', BucketKeyEnabled: true },
      'S3 Bucket Keys',
    ],
    ['a bucket key with AES256', { ServerSideEncryption: 'AES256', BucketKeyEnabled: true }, 'S3 Bucket Keys'],
    [
      'a method of another service',
      { ServerSideEncryption: 'aws:fsx' },
      'encryption method specified is not supported',
    ],
  ] as const)('%s → InvalidArgument', async ([, input, text]) => {
    await expect(put(input)).rejects.toMatchObject(invalid(text));
  });

  test('a read that asks for encryption → InvalidArgument', async () => {
    await put();
    const { status, body } = await send({
      ...{ method: 'GET', path: `/${Bucket}/k`, headers: { 'x-amz-server-side-encryption': 'aws:kms' } },
    });
    expect(status).toBe(400);
    expect(body).toContain('header is not supported for this operation');
  });
});

describe('the default of a bucket', () => {
  test('a new bucket → SSE-S3, and SSE-C is blocked until it is allowed', async () => {
    const name = await daemon().newBucket();
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false };
    expect(await defaultOf(name)).toEqual({
      Rules: [{ ...rule, BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } }],
    });
    const customer = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'k'.repeat(32) };
    await expect(put({ Bucket: name, ...customer })).rejects.toMatchObject(refusal('AccessDenied', 403));
    // What does not mention the block leaves it.
    await setDefault({ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }, name);
    await expect(put({ Bucket: name, ...customer })).rejects.toMatchObject(refusal('AccessDenied', 403));
    await setDefault({ BlockedEncryptionTypes: { EncryptionType: ['NONE'] } }, name);
    expect(await put({ Bucket: name, ...customer })).toMatchObject({ SSECustomerAlgorithm: 'AES256' });
    await daemon().client.send(new DeleteBucketEncryptionCommand({ Bucket: name }));
    await expect(put({ Bucket: name, ...customer })).rejects.toMatchObject(refusal('AccessDenied', 403));
  });

  test('a key of KMS as default → of objects that say nothing; one that says something is as it says', async () => {
    const name = await daemon().newBucket();
    const SSEAlgorithm = 'aws:kms';
    await setDefault(
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID: 'alias/first' }, BucketKeyEnabled: true },
      name,
    );
    expect((await defaultOf(name))?.Rules).toMatchObject([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID: 'alias/first' }, BucketKeyEnabled: true },
    ]);
    expect(await put({ Bucket: name })).toMatchObject({ SSEKMSKeyId: arnOf('one'), BucketKeyEnabled: true });
    expect(await put({ Bucket: name, BucketKeyEnabled: false })).not.toHaveProperty('BucketKeyEnabled');
    expect(await put({ Bucket: name, ...underKms('two') })).toMatchObject({
      SSEKMSKeyId: arnOf('two'),
      BucketKeyEnabled: true,
    });
    expect(await put({ Bucket: name, ServerSideEncryption: 'AES256' })).not.toHaveProperty('SSEKMSKeyId');
  });

  test.for([
    ['a key for AES256', { SSEAlgorithm: 'AES256', KMSMasterKeyID: 'one' }, 'InvalidArgument'],
    ['a method of another service', { SSEAlgorithm: 'aws:fsx' }, 'InvalidArgument'],
    ['a method that is none', { SSEAlgorithm: 'rot13' as 'AES256' }, 'MalformedXML'],
  ] as const)('%s → %s', async ([, ApplyServerSideEncryptionByDefault, code]) => {
    await expect(setDefault({ ApplyServerSideEncryptionByDefault })).rejects.toMatchObject({ name: code });
  });

  test('a default whose key is not there → taken, and refused to who writes', async () => {
    const name = await daemon().newBucket();
    await setDefault(
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'absent' } },
      name,
    );
    await expect(put({ Bucket: name })).rejects.toMatchObject({ name: 'KMS.NotFoundException' });
  });
});
