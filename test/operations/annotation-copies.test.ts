/** Copies of objects with annotations: which of them they have, and who may make them. */
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  GetObjectAnnotationCommand,
  PutBucketEncryptionCommand,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { annotatedObjects, underCustomerKey } from '../support/annotated-objects.ts';
import { kmsCallers } from '../support/kms-callers.ts';
import { refusal } from '../support/refusals.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ config: JSON.stringify({ encryption: { kms: { keys: [{ id: 'one' }] } } }) });
const { newUser } = kmsCallers(daemon);
const underKms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'one' } as const;

let Bucket: string;
let versioned: string;
let keys = 0;
const { object, annotate, read, list, namesOf } = annotatedObjects(daemon, () => Bucket);

beforeAll(async () => {
  Bucket = await daemon().newBucket();
  versioned = await daemon().newBucket();
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await daemon().client.send(new PutBucketVersioningCommand({ Bucket: versioned, VersioningConfiguration }));
  const Rules = [{ BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }];
  await daemon().client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
});

const copy = (source: string, input: Partial<CopyObjectCommandInput> = {}, client = daemon().client) =>
  client.send(new CopyObjectCommand({ Bucket, CopySource: `${Bucket}/${source}`, Key: `copy/${keys++}`, ...input }));

test.each([
  ['', {}],
  [' under a key of KMS', underKms],
  [' of another class', { StorageClass: 'STANDARD_IA' }],
  [' with two layers', { ServerSideEncryption: 'aws:kms:dsse', SSEKMSKeyId: 'one' }],
] as const)('a copy%s → has those of the source, as they are', async (_, input) => {
  for (const source of [await object({}, 'plain'), await object(underKms, 'plain')]) {
    const target = { Key: `copy/${keys++}`, Bucket: versioned };
    const { VersionId } = await copy(source.Key, { ...input, ...target });
    expect(await read(target.Key, { Bucket: versioned })).toBe('plain');
    const shown = await list(target.Key, { Bucket: versioned });
    expect(shown).toMatchObject({ ObjectVersionId: VersionId, Annotations: [{ ChecksumAlgorithm: ['CRC32'] }] });
    // What becomes of the source's does not matter to it.
    await annotate(source.Key, { AnnotationPayload: 'changed' });
    expect(await read(target.Key, { Bucket: versioned })).toBe('plain');
  }
});

test('with EXCLUDE → has none; by another algorithm → its annotations have that too', async () => {
  const { Key } = await object({}, 'text');
  const none = `copy/${keys++}`;
  await copy(Key, { Key: none, AnnotationDirective: 'EXCLUDE' });
  expect(await namesOf(none)).toEqual([]);
  const other = `copy/${keys++}`;
  await copy(Key, { Key: other, ChecksumAlgorithm: 'SHA256' });
  const input = { Bucket, Key: other, AnnotationName: 'note', ChecksumMode: 'ENABLED' } as const;
  expect(await daemon().client.send(new GetObjectAnnotationCommand(input))).toMatchObject({
    ChecksumSHA256: createHash('sha256').update('text').digest('base64'),
  });
});

test('onto itself → keeps them', async () => {
  const { Key } = await object({}, 'kept');
  await copy(Key, { Key, MetadataDirective: 'REPLACE', Metadata: { a: 'b' } });
  expect(await read(Key)).toBe('kept');
});

test('under a key of its client → refused, unless they are left out', async () => {
  const { Key } = await object({}, 'text');
  await expect(copy(Key, underCustomerKey)).rejects.toMatchObject(refusal('InvalidRequest', 400));
  await copy(Key, { ...underCustomerKey, AnnotationDirective: 'EXCLUDE' });
});

test('for who may not read or write annotations → refused where there are any', async () => {
  const annotated = await object({}, 'text');
  const bare = await object();
  const deny = (Action: string) => ({ Effect: 'Deny', Action, Resource: '*' });
  for (const action of ['s3:GetObjectAnnotation', 's3:PutObjectAnnotation']) {
    const user = await newUser(`copier-${keys++}`, deny(action));
    await expect(copy(annotated.Key, {}, user)).rejects.toMatchObject(refusal('AccessDenied', 403));
    await copy(annotated.Key, { AnnotationDirective: 'EXCLUDE' }, user);
    await copy(bare.Key, {}, user);
  }
});
