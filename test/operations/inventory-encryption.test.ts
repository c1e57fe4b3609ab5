/** Encrypted inventory reports: by the server's key and by keys of KMS whose policies let S3 use them; and what reports say of encryption. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import {
  GetObjectCommand,
  type InventoryEncryption,
  ListObjectsV2Command,
  PutBucketEncryptionCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type ServerSideEncryptionRule,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { configuration, to } from '../support/inventory-configuration.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({
  config: JSON.stringify({ encryption: { kms: { keys: [{ id: 'reports', alias: 'reports' }, { id: 'closed' }] } } }),
});
const arnOf = (id: string) => `arn:aws:kms:us-east-1:000000000000:key/${id}`;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** A bucket whose reports go to the other one, whose policy demands what is given. */
async function reported(Encryption: InventoryEncryption | undefined, demands: object = {}) {
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  const Statement = {
    ...{ Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 's3:PutObject' },
    ...{ Resource: `arn:aws:s3:::${destination}/*`, Condition: { StringEquals: demands } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await daemon().client.send(new PutBucketPolicyCommand({ Bucket: destination, Policy }));
  const Destination = to({ Bucket: `arn:aws:s3:::${destination}`, ...(Encryption && { Encryption }) });
  const InventoryConfiguration = configuration('id', {
    Destination,
    OptionalFields: ['EncryptionStatus', 'BucketKeyStatus'],
  });
  await daemon().client.send(new PutBucketInventoryConfigurationCommand({ Bucket, Id: 'id', InventoryConfiguration }));
  return { Bucket, destination };
}

/** As AWS's documentation has it. */
async function letS3UseKey(source: string): Promise<void> {
  const Statement = [
    { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*', Resource: '*' },
    {
      ...{ Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'kms:GenerateDataKey', Resource: '*' },
      Condition: {
        StringEquals: { 'aws:SourceAccount': '000000000000' },
        ArnLike: { 'aws:SourceARN': `arn:aws:s3:::${source}` },
      },
    },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  const headers = { 'x-amz-target': 'TrentService.PutKeyPolicy', 'content-type': 'application/x-amz-json-1.1' };
  const body = JSON.stringify({ KeyId: 'reports', PolicyName: 'default', Policy });
  const answer = await signedRequests(daemon).send({ method: 'POST', path: '/', service: 'kms', headers, body });
  expect(answer.status).toBe(200);
}

const setDefault = (Bucket: string, rule: ServerSideEncryptionRule) =>
  daemon().client.send(
    new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules: [rule] } }),
  );

async function run(): Promise<void> {
  const { code, stderr } = await runNinefoldFor(daemon(), ['run', 'inventory']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

/** The objects of a report: how each is encrypted, and its bytes. */
async function objectsOf(Bucket: string) {
  const { Contents = [] } = await daemon().client.send(new ListObjectsV2Command({ Bucket }));
  return Promise.all(
    Contents.map(async ({ Key = '' }) => {
      const found = await daemon().client.send(new GetObjectCommand({ Bucket, Key }));
      const { ServerSideEncryption: method, SSEKMSKeyId: key, BucketKeyEnabled: isShared } = found;
      return { Key, method, key, isShared, bytes: (await found.Body?.transformToByteArray()) ?? new Uint8Array() };
    }),
  );
}

test.for<[string, InventoryEncryption, object, object]>([
  [
    'SSE-S3',
    { SSES3: {} },
    { 's3:x-amz-server-side-encryption': 'AES256' },
    { method: 'AES256', key: undefined, isShared: undefined },
  ],
  [
    'a key of KMS',
    { SSEKMS: { KeyId: arnOf('reports') } },
    { 's3:x-amz-server-side-encryption-aws-kms-key-id': arnOf('reports') },
    { method: 'aws:kms', key: arnOf('reports'), isShared: undefined },
  ],
  [
    'an alias, and the key of a bucket',
    { SSEKMS: { KeyId: 'alias/reports' } },
    { 's3:x-amz-server-side-encryption': 'aws:kms' },
    { method: 'aws:kms', key: arnOf('reports'), isShared: true },
  ],
])(
  'by %s → all of the report is encrypted so, and its digests are those of what is read',
  async ([, encryption, demands, shown]) => {
    const { Bucket, destination } = await reported(encryption, demands);
    await setDefault(destination, { BucketKeyEnabled: 'isShared' in shown && shown.isShared === true });
    await letS3UseKey(Bucket);
    await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    await run();
    const objects = await objectsOf(destination);
    expect(objects.map(({ Key }) => Key.replace(/^.*[/.]/, ''))).toEqual(['checksum', 'json', 'gz', 'txt']);
    for (const object of objects) expect(object).toMatchObject(shown);
    const [checksum, manifest, data] = objects.map(({ bytes }) => bytes);
    expect(Buffer.from(checksum ?? []).toString()).toBe(md5(manifest ?? new Uint8Array()));
    const { files } = JSON.parse(Buffer.from(manifest ?? []).toString());
    expect(files[0]).toMatchObject({ size: data?.length, MD5checksum: md5(data ?? new Uint8Array()) });
  },
);

test.for([
  [
    'a key whose policy does not let S3',
    'closed',
    'User: s3.amazonaws.com is not authorized to perform: kms:GenerateDataKey',
  ],
  ['a key that is not there', 'gone', "Invalid keyId 'gone'"],
  ['the key that S3 has in the account', 'alias/aws/s3', 'aws/s3'],
] as const)('by %s → no report, and the operator is told why', async ([, KeyId, why]) => {
  const { Bucket, destination } = await reported({ SSEKMS: { KeyId } });
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
  await run();
  expect(await objectsOf(destination)).toEqual([]);
  await eventually(() => expect(daemon().output).toContain(why));
});

test('a policy that demands encryption, and a report that is not said to be encrypted → no report', async () => {
  const { destination } = await reported(undefined, { 's3:x-amz-server-side-encryption': 'AES256' });
  await run();
  expect(await objectsOf(destination)).toEqual([]);
});

test('objects of every encryption → each told with its status, and that of the key of the bucket', async () => {
  const { Bucket, destination } = await reported({ SSES3: {} });
  await setDefault(Bucket, { BlockedEncryptionTypes: { EncryptionType: ['NONE'] } });
  const key = Buffer.alloc(32, 'k');
  const kms = { SSEKMSKeyId: 'reports' };
  const asked: Record<string, Partial<PutObjectCommandInput>> = {
    'NOT-SSE': {},
    'SSE-S3': { ServerSideEncryption: 'AES256' },
    'SSE-KMS': { ServerSideEncryption: 'aws:kms', ...kms },
    'DSSE-KMS': { ServerSideEncryption: 'aws:kms:dsse', ...kms },
    'SSE-C': {
      SSECustomerAlgorithm: 'AES256',
      SSECustomerKey: key.toString('base64'),
      SSECustomerKeyMD5: createHash('md5').update(key).digest('base64'),
    },
    shared: { ServerSideEncryption: 'aws:kms', ...kms, BucketKeyEnabled: true },
  };
  for (const [Key, one] of Object.entries(asked)) {
    await daemon().client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...one }));
  }
  await run();
  const data = (await objectsOf(destination)).find(({ Key }) => Key.endsWith('.gz'));
  const rows = gunzipSync(data?.bytes ?? new Uint8Array())
    .toString()
    .trimEnd()
    .split('\n');
  const told = rows.map((row) => row.replaceAll('"', '').split(',')).map((row) => [row[1], row.at(-2), row.at(-1)]);
  expect(told.sort()).toEqual(
    Object.keys(asked)
      .map((kind) => (kind === 'shared' ? [kind, 'SSE-KMS', 'ENABLED'] : [kind, kind, 'DISABLED']))
      .sort(),
  );
});
