/** Annotations of objects: what they hold, whose they are, what is refused, and who is told. */
import { createHash } from 'node:crypto';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectAnnotationCommand,
  HeadObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { annotatedObjects, underCustomerKey } from '../support/annotated-objects.ts';
import { EventReceiver } from '../support/event-receiver.ts';
import { eventually } from '../support/eventually.ts';
import { kmsCallers } from '../support/kms-callers.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const receiver = await EventReceiver.open();
afterAll(() => receiver[Symbol.asyncDispose]());
const queue = 'arn:aws:sqs:us-east-1:000000000000:queue';
const config = {
  events: { targets: [{ arn: queue, webhook: { url: receiver.url, secret: 'a-secret-of-the-test' } }] },
  encryption: { kms: { keys: [{ id: 'one' }] } },
};
const daemon = useDaemon({ config: JSON.stringify(config) });
const { send } = signedRequests(daemon);
const { newUser } = kmsCallers(daemon);
const underKms = { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'one' } as const;

let Bucket: string;
let versioned: string;
let keys = 0;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
  versioned = await newVersionedBucket();
  const Rules = [{ BlockedEncryptionTypes: { EncryptionType: ['NONE' as const] } }];
  await daemon().client.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
});

async function newVersionedBucket(): Promise<string> {
  const name = await daemon().newBucket();
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await daemon().client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
  return name;
}

const { object, annotate, read, list, namesOf, remove } = annotatedObjects(daemon, () => Bucket);
const raw = (
  method: string,
  Key: string,
  more: { query?: [string, string][]; headers?: Record<string, string> } = {},
) =>
  send({
    method,
    path: `/${Bucket}/${Key}`,
    query: [['annotation', ''], ['annotationName', 'note'], ...(more.query ?? [])],
    headers: more.headers ?? {},
    ...(method === 'PUT' && { body: 'raw' }),
  });

describe('one annotation', () => {
  test('put, read, put again, removed → what was put last, then none; the object stays what it is', async () => {
    const { Key, ETag } = await object();
    const put = await annotate(Key, { AnnotationName: 'größe_1.0-x', AnnotationPayload: '{"ü":1}' });
    const etag = createHash('md5').update('{"ü":1}').digest('hex');
    expect(put).toMatchObject({ Key, AnnotationName: 'größe_1.0-x', ETag: `"${etag}"`, ChecksumType: 'FULL_OBJECT' });
    const input = { Bucket, Key, AnnotationName: 'größe_1.0-x' };
    const got = await daemon().client.send(new GetObjectAnnotationCommand(input));
    expect(await got.AnnotationPayload?.transformToString()).toBe('{"ü":1}');
    expect(got).toMatchObject({ ContentLength: 8, ETag: `"${etag}"`, LastModified: expect.any(Date) });
    await annotate(Key, { AnnotationName: 'größe_1.0-x', AnnotationPayload: 'other' });
    expect(await read(Key, { AnnotationName: 'größe_1.0-x' })).toBe('other');
    const head = await daemon().client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ETag, ContentLength: 4 });
    await remove(Key, { AnnotationName: 'größe_1.0-x' });
    const missing = refusal('NoSuchAnnotation', 404, {
      message: 'The specified annotation does not exist on this object.',
    });
    await expect(read(Key, { AnnotationName: 'größe_1.0-x' })).rejects.toMatchObject(missing);
    await remove(Key, { AnnotationName: 'größe_1.0-x' });
  });

  test('a checksum → checked, kept and told; none → CRC64NVME', async () => {
    const { Key } = await object();
    const ChecksumSHA256 = createHash('sha256').update('text').digest('base64');
    await annotate(Key, { ChecksumSHA256 });
    const input = { Bucket, Key, AnnotationName: 'note', ChecksumMode: 'ENABLED' } as const;
    const got = await daemon().client.send(new GetObjectAnnotationCommand(input));
    expect(got).toMatchObject({ ChecksumSHA256, ChecksumType: 'FULL_OBJECT' });
    const wrong = createHash('sha256').update('another').digest('base64');
    await expect(annotate(Key, { ChecksumSHA256: wrong })).rejects.toMatchObject(refusal('BadDigest', 400));
    expect(await read(Key)).toBe('text');
    const { headers } = await raw('PUT', Key);
    expect(headers.get('x-amz-checksum-crc64nvme')).toMatch(/^.{11}=$/);
    expect((await list(Key)).Annotations).toMatchObject([{ ChecksumAlgorithm: ['CRC64NVME'], Size: 3 }]);
  });

  test('of the largest size → kept; larger, empty or no text → refused, and nothing is kept of it', async () => {
    const { Key } = await object();
    const largest = 'ü'.repeat(512 * 1024);
    await annotate(Key, { AnnotationPayload: largest });
    expect(await read(Key)).toBe(largest);
    const message = 'The annotation payload must be between 1 byte and 1 MiB in size.';
    for (const AnnotationPayload of [`${largest}x`, '']) {
      await expect(annotate(Key, { AnnotationPayload })).rejects.toMatchObject(
        refusal('InvalidRequest', 400, { message }),
      );
    }
    const notText = refusal('UnsupportedMediaType', 415, {
      message: 'The annotation payload is not valid UTF-8 encoded text.',
    });
    for (const bytes of [
      [0xff, 0xfe],
      [0x61, 0xc3],
    ]) {
      const AnnotationPayload = Uint8Array.from(bytes);
      await expect(annotate(Key, { AnnotationName: 'other', AnnotationPayload })).rejects.toMatchObject(notText);
    }
    expect(await namesOf(Key)).toEqual(['note']);
  });

  test.each([
    ['awsome', 'InvalidAnnotationName'],
    ['S3', 'InvalidAnnotationName'],
    ['two words', 'InvalidAnnotationName'],
    ['a/b', 'InvalidAnnotationName'],
    ['  ', 'InvalidAnnotationName'],
    ['ü'.repeat(257), 'AnnotationNameTooLong'],
  ])('the name %j → %s', async (AnnotationName, code) => {
    const { Key } = await object();
    await expect(annotate(Key, { AnnotationName })).rejects.toMatchObject(refusal(code, 400));
  });

  test('the longest name → taken; a name that is empty → refused', async () => {
    const { Key } = await object();
    await annotate(Key, { AnnotationName: 'ü'.repeat(256) });
    const query: [string, string][] = [
      ['annotation', ''],
      ['annotationName', ''],
    ];
    const { status, body } = await send({ method: 'PUT', path: `/${Bucket}/${Key}`, query, body: 'x' });
    expect([status, body]).toEqual([400, expect.stringContaining('<Code>InvalidAnnotationName</Code>')]);
  });

  test('of an object that is not there, or of a bucket → refused', async () => {
    await expect(annotate('nothing')).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await expect(read('nothing')).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await expect(list('nothing')).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await expect(remove('nothing')).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await expect(read('k', { Bucket: 'no-such-bucket' })).rejects.toMatchObject(refusal('NoSuchBucket', 404));
  });

  test('if the object has an ETag → put and removed under that condition alone', async () => {
    const { Key, ETag } = await object();
    await annotate(Key, { ObjectIfMatch: ETag });
    const failed = refusal('PreconditionFailed', 412);
    await expect(annotate(Key, { ObjectIfMatch: '"x"', AnnotationPayload: 'not' })).rejects.toMatchObject(failed);
    await expect(remove(Key, { ObjectIfMatch: '"x"' })).rejects.toMatchObject(failed);
    expect(await read(Key)).toBe('text');
    await remove(Key, { ObjectIfMatch: ETag });
    expect(await namesOf(Key)).toEqual([]);
  });

  test('of an archive → read and written without a restore', async () => {
    const { Key } = await object({ StorageClass: 'GLACIER' }, 'kept');
    expect(await read(Key)).toBe('kept');
  });
});

describe('a listing', () => {
  test('by prefix and page → each name once, in the order of their bytes', async () => {
    const { Key } = await object();
    const names = ['b.1', 'b.10', 'b.2', 'a', 'c', 'é'];
    for (const AnnotationName of names) await annotate(Key, { AnnotationName });
    expect(await namesOf(Key)).toEqual(['a', 'b.1', 'b.10', 'b.2', 'c', 'é']);
    const first = await list(Key, { AnnotationPrefix: 'b.', MaxAnnotationResults: 2 });
    expect(first).toMatchObject({ Bucket, Key, AnnotationPrefix: 'b.', MaxAnnotationResults: 2, AnnotationCount: 2 });
    expect(first.Annotations?.[0]).toMatchObject({ AnnotationName: 'b.1', Size: 4, LastModified: expect.any(Date) });
    const ContinuationToken = first.NextContinuationToken;
    const rest = await list(Key, { AnnotationPrefix: 'b.', MaxAnnotationResults: 2, ContinuationToken });
    expect(rest.Annotations?.map(({ AnnotationName }) => AnnotationName)).toEqual(['b.2']);
    expect([rest.ContinuationToken, rest.NextContinuationToken]).toEqual([ContinuationToken, undefined]);
  });

  test('by what nothing is listed by → refused', async () => {
    const { Key } = await object();
    const invalid = refusal('InvalidPrefix', 400, { message: 'The annotation prefix you provided is invalid.' });
    await expect(list(Key, { AnnotationPrefix: 'a b' })).rejects.toMatchObject(invalid);
    await expect(list(Key, { AnnotationPrefix: 'n'.repeat(513) })).rejects.toMatchObject(invalid);
    for (const MaxAnnotationResults of [0, 1001]) {
      await expect(list(Key, { MaxAnnotationResults })).rejects.toMatchObject(refusal('InvalidArgument', 400));
    }
    await expect(list(Key, { ContinuationToken: 'x' })).rejects.toMatchObject(refusal('InvalidArgument', 400));
  });
});

describe('versions', () => {
  test('each has its own; a marker hides them, and they go with their version', async () => {
    const first = await object({ Bucket: versioned }, 'of the first');
    const { Key } = first;
    const of = (VersionId: string | undefined) => ({ Bucket: versioned, ...(VersionId && { VersionId }) });
    const second = await object({ Bucket: versioned, Key });
    expect(await namesOf(Key, of(undefined))).toEqual([]);
    expect(await read(Key, of(first.VersionId))).toBe('of the first');
    const put = await annotate(Key, { ...of(second.VersionId), AnnotationPayload: 'of the second' });
    expect(put.ObjectVersionId).toBe(second.VersionId);
    const marker = await daemon().client.send(new DeleteObjectCommand({ Bucket: versioned, Key }));
    await expect(read(Key, of(undefined))).rejects.toMatchObject(refusal('NoSuchKey', 404));
    const ofMarker = read(Key, of(marker.VersionId));
    await expect(ofMarker).rejects.toMatchObject(refusal('MethodNotAllowed', 405));
    expect(await read(Key, of(second.VersionId))).toBe('of the second');
    await daemon().client.send(new DeleteObjectCommand({ Key, ...of(first.VersionId) }));
    await expect(read(Key, of(first.VersionId))).rejects.toMatchObject(refusal('NoSuchVersion', 404));
  });

  test('an object that is overwritten or deleted → has none any more', async () => {
    const { Key } = await object({}, 'gone');
    await object({ Key });
    expect(await namesOf(Key)).toEqual([]);
    await annotate(Key);
    await daemon().client.send(new DeleteObjectCommand({ Bucket, Key }));
    await object({ Key });
    expect(await namesOf(Key)).toEqual([]);
  });
});

describe('encryption and locks', () => {
  test('an object under a key of KMS → so is what is written onto it; for who may not use the key → refused', async () => {
    const { Key } = await object(underKms);
    expect(await annotate(Key)).toMatchObject({ ServerSideEncryption: 'aws:kms' });
    expect(await read(Key)).toBe('text');
    const user = await newUser('without-kms');
    const input = { Bucket, Key, AnnotationName: 'note' };
    const refused = refusal('AccessDenied', 403);
    await expect(user.send(new GetObjectAnnotationCommand(input))).rejects.toMatchObject(refused);
    await expect(annotate(Key, {}, user)).rejects.toMatchObject(refused);
  });

  test('an object under a key of its client → can have none', async () => {
    const { Key } = await object(underCustomerKey);
    await expect(annotate(Key)).rejects.toMatchObject(refusal('InvalidRequest', 400));
    expect(await namesOf(Key)).toEqual([]);
  });

  test('a version that is locked → neither written nor removed, but by who bypasses governance', async () => {
    const locked = `locked-${keys++}-bucket`;
    await daemon().client.send(new CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true }));
    const ObjectLockRetainUntilDate = new Date(Date.now() + 3_600_000);
    const headers = { 'x-amz-bypass-governance-retention': 'true' };
    const sendTo = (method: string, Key: string, more = {}) => {
      const query: [string, string][] = [
        ['annotation', ''],
        ['annotationName', 'note'],
      ];
      return send({ method, path: `/${locked}/${Key}`, query, headers: more, ...(method === 'PUT' && { body: 'x' }) });
    };
    for (const [lock, isBypassed] of [
      [{ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate }, true],
      [{ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate }, false],
      [{ ObjectLockLegalHoldStatus: 'ON' }, false],
    ] as const) {
      const { Key } = await object({ Bucket: locked, ...lock });
      for (const method of ['PUT', 'DELETE']) {
        const { status, body } = await sendTo(method, Key);
        expect([status, body]).toEqual([403, expect.stringContaining('object protected by object lock')]);
        const bypassed = await sendTo(method, Key, headers);
        expect(bypassed.status).toBe(isBypassed ? (method === 'PUT' ? 200 : 204) : 403);
      }
    }
  });
});

describe('permissions', () => {
  const allowed = (...statements: object[]) => newUser(`reader-${keys++}`, ...statements);
  const deny = (Action: string, Condition?: object) => ({ Effect: 'Deny', Action, Resource: '*', Condition });

  test.each([
    ['s3:PutObjectAnnotation', (Key: string, user: S3Client) => annotate(Key, {}, user)],
    ['s3:ListObjectAnnotations', (Key: string, user: S3Client) => list(Key, {}, user)],
    ['s3:DeleteObjectAnnotation', (Key: string, user: S3Client) => remove(Key, {}, user)],
  ] as const)('%s denied → refused', async (action, call) => {
    const { Key } = await object({}, 'text');
    await call(Key, await allowed());
    const refused = call(Key, await allowed(deny(action)));
    await expect(refused).rejects.toMatchObject(refusal('AccessDenied', 403));
  });

  test('of a version that is named → the action of versions', async () => {
    const { Key, VersionId } = await object({ Bucket: versioned });
    const user = await allowed(deny('s3:PutObjectVersionAnnotation'));
    await annotate(Key, { Bucket: versioned }, user);
    const named = annotate(Key, { Bucket: versioned, VersionId }, user);
    await expect(named).rejects.toMatchObject(refusal('AccessDenied', 403));
  });

  test('by the prefix that is listed → as the condition says', async () => {
    const { Key } = await object({}, 'text');
    const condition = { StringNotEquals: { 's3:annotation-prefix': 'open.' } };
    const user = await allowed(deny('s3:ListObjectAnnotations', condition));
    await list(Key, { AnnotationPrefix: 'open.' }, user);
    await expect(list(Key, {}, user)).rejects.toMatchObject(refusal('AccessDenied', 403));
  });
});

test('rules that ask for it → told of what was put and removed, and of a copy whether it has any', async () => {
  const ofEvents = await newVersionedBucket();
  await daemon().client.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: ofEvents,
      NotificationConfiguration: {
        QueueConfigurations: [{ QueueArn: queue, Events: ['s3:ObjectAnnotation:*', 's3:ObjectCreated:Copy'] }],
      },
    }),
  );
  const { Key, VersionId, ETag } = await object({ Bucket: ofEvents }, 'told');
  const named = { Bucket: ofEvents, Key };
  await daemon().client.send(new CopyObjectCommand({ ...named, Key: 'with', CopySource: `${ofEvents}/${Key}` }));
  await remove(Key, named);
  // What was not there is not told of.
  await remove(Key, named);
  await daemon().client.send(new CopyObjectCommand({ ...named, Key: 'without', CopySource: `${ofEvents}/${Key}` }));
  const records = await eventually(() => {
    const found = receiver.recordsOf(ofEvents);
    expect(found.length).toBeGreaterThanOrEqual(4);
    return found;
  });
  const etag = createHash('md5').update('told').digest('hex');
  const shown = records.map(({ eventName, objectAnnotation, s3 }) => [
    ...[eventName, objectAnnotation, s3.object.key, s3.object['hasObjectAnnotation']],
  ]);
  expect(shown.toSorted()).toEqual(
    [
      ['ObjectAnnotation:Put', [{ name: 'note', size: 4, eTag: etag }], Key, undefined],
      ['ObjectAnnotation:Delete', [{ name: 'note' }], Key, undefined],
      ['ObjectCreated:Copy', undefined, 'with', true],
      ['ObjectCreated:Copy', undefined, 'without', false],
    ].toSorted(),
  );
  const put = records.find(({ eventName }) => eventName === 'ObjectAnnotation:Put');
  expect(put?.s3.object).toMatchObject({ key: Key, versionId: VersionId, size: 4, eTag: ETag.replaceAll('"', '') });
});
