/** UpdateObjectEncryption: what an object is under afterwards, who may, and what is refused. */
import { createHash } from 'node:crypto';
import {
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UpdateObjectEncryptionCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { kmsCallers } from '../support/kms-callers.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const keys = [{ id: 'one', alias: 'first' }, { id: 'two' }, { id: 'off' }];
const daemon = useDaemon({ config: JSON.stringify({ encryption: { default: 'AES256', kms: { keys } } }) });
const { send } = signedRequests(daemon);
const { kms, newUser } = kmsCallers(daemon);
const arnOf = (id: string) => `arn:aws:kms:us-east-1:000000000000:key/${id}`;
let Bucket: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

const put = (input: Partial<PutObjectCommandInput> = {}) =>
  daemon().client.send(new PutObjectCommand({ Bucket, Key: 'later', Body: 'text', ...input }));
const get = (Key: string) => daemon().client.send(new GetObjectCommand({ Bucket, Key }));
const textOf = async (Key: string) => (await get(Key)).Body?.transformToString();
const underKms = (id: string) => ({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: id }) as const;

const update = (
  KMSKeyArn: string,
  more: { Key?: string; BucketKeyEnabled?: boolean | undefined } = {},
  client = daemon().client,
) => {
  const { BucketKeyEnabled, ...named } = more;
  const ObjectEncryption = { SSEKMS: { KMSKeyArn, BucketKeyEnabled } };
  return client.send(new UpdateObjectEncryptionCommand({ Bucket, Key: 'later', ObjectEncryption, ...named }));
};
const head = async (Key = 'later') => {
  const { $metadata: _, ...shown } = await daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
  return shown;
};
const raw = (document: string) => {
  const headers = { 'content-md5': createHash('md5').update(document).digest('base64') };
  return send({ method: 'PUT', path: `/${Bucket}/later`, query: [['encryption', '']], headers, body: document });
};

test('from SSE-S3, to another key, with a bucket key → told by every read, and all else as it was', async () => {
  await put({ Key: 'later', Metadata: { a: 'b' } });
  const { ServerSideEncryption: _, ...before } = await head();
  for (const [id, BucketKeyEnabled] of [
    ['one', undefined],
    ['two', undefined],
    ['two', true],
  ] as const) {
    await update(arnOf(id), { BucketKeyEnabled });
    const shown = {
      ServerSideEncryption: 'aws:kms',
      SSEKMSKeyId: arnOf(id),
      ...(BucketKeyEnabled && { BucketKeyEnabled }),
    };
    expect(await head()).toEqual({ ...before, ...shown });
    expect(await textOf('later')).toBe('text');
  }
  // Not the default of the bucket, nor of anything else.
  expect(await put({ Key: 'next' })).toMatchObject({ ServerSideEncryption: 'AES256' });
});

test('its key disabled → nobody reads it', async () => {
  await put({ Key: 'later' });
  await update(arnOf('off'));
  await kms('DisableKey', { KeyId: 'off' });
  await expect(get('later')).rejects.toMatchObject({ name: 'KMS.DisabledException' });
  await expect(update(arnOf('one'))).rejects.toMatchObject({ name: 'KMS.DisabledException' });
  await kms('EnableKey', { KeyId: 'off' });
  expect(await textOf('later')).toBe('text');
});

test('what is asked of the caller → each of AWS’s permissions, of S3 and of both keys', async () => {
  await put({ ...underKms('two'), Key: 'later' });
  const allow = (id: string, ...actions: string[]) => ({
    ...{ Effect: 'Allow', Action: actions.map((action) => `kms:${action}`), Resource: arnOf(id) },
  });
  const ofNew = ['GenerateDataKey', 'Encrypt', 'Decrypt', 'ReEncryptTo'];
  const ofOld = ['Decrypt', 'ReEncryptFrom'];
  const may = await newUser('rekeys', allow('one', ...ofNew), allow('two', ...ofOld));
  await update(arnOf('one'), {}, may);
  for (const missing of ofNew) {
    const user = await newUser(
      `without-${missing}`,
      allow('one', ...ofNew.filter((one) => one !== missing)),
      allow('two', ...ofOld),
    );
    await put({ ...underKms('two'), Key: 'later' });
    await expect(update(arnOf('one'), {}, user)).rejects.toMatchObject({
      message: expect.stringContaining(`kms:${missing}`),
    });
  }
  const user = await newUser('not-from', allow('one', ...ofNew), allow('two', 'Decrypt'));
  await expect(update(arnOf('one'), {}, user)).rejects.toMatchObject(refusal('AccessDenied', 403));
  const isOne = { StringNotEquals: { 's3:x-amz-server-side-encryption-aws-kms-key-id': arnOf('one') } };
  const only = await newUser('only-one', allow('one', '*'), allow('two', '*'), {
    ...{ Effect: 'Deny', Action: 's3:UpdateObjectEncryption', Resource: '*', Condition: isOne },
  });
  await expect(update(arnOf('two'), {}, only)).rejects.toMatchObject(refusal('AccessDenied', 403));
  await update(arnOf('one'), {}, only);
});

test.for([
  ['two layers', { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: 'one' }],
  ['no object', undefined],
] as const)('%s → refused', async ([, input]) => {
  if (input === undefined) {
    await expect(update(arnOf('one'), { Key: 'absent' })).rejects.toMatchObject(refusal('NoSuchKey', 404));
    return;
  }
  await put({ ...input, Key: 'later' });
  await expect(update(arnOf('one'))).rejects.toMatchObject({
    ...refusal('InvalidRequest', 400),
    message: expect.stringContaining('Only source objects encrypted with SSE-S3 or SSE-KMS are supported.'),
  });
});

test.for([
  ['the id of a key', 'one', 'InvalidRequest'],
  ['the ARN of an alias', 'arn:aws:kms:us-east-1:000000000000:alias/first', 'InvalidRequest'],
  ['a key of another account', 'arn:aws:kms:us-east-1:111122223333:key/one', 'AccessDenied'],
  ['a key that is not there', arnOf('absent'), 'KMS.NotFoundException'],
] as const)('%s → %s', async ([, arn, name]) => {
  await put({ Key: 'later' });
  await expect(update(arn)).rejects.toMatchObject({ name });
});

test.for([
  ['no type', '', 'InvalidRequest'],
  ['SSE-S3', '<SSE-S3/>', 'MalformedXML'],
  ['two layers', `<DSSE-KMS><KMSKeyArn>${arnOf('one')}</KMSKeyArn></DSSE-KMS>`, 'MalformedXML'],
] as const)('%s asked for → refused', async ([, content, code]) => {
  await put({ Key: 'later' });
  const answer = await raw(`<ObjectEncryption>${content}</ObjectEncryption>`);
  expect(answer.body).toContain(`<Code>${code}</Code>`);
});

test('anybody may, by the policy of the bucket, and does not sign → InvalidRequest', async () => {
  await put();
  await daemon().client.send(new DeletePublicAccessBlockCommand({ Bucket }));
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: `arn:aws:s3:::${Bucket}/*` };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await daemon().client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const document = `<ObjectEncryption><SSE-KMS><KMSKeyArn>${arnOf('one')}</KMSKeyArn></SSE-KMS></ObjectEncryption>`;
  const headers = { 'content-md5': createHash('md5').update(document).digest('base64') };
  const url = `${daemon().endpoint}/${Bucket}/later?encryption`;
  const body = await (await fetch(url, { method: 'PUT', headers, body: document })).text();
  expect(body).toContain('<Code>InvalidRequest</Code>');
  expect(body).toContain('AWS Signature Version 4');
});
