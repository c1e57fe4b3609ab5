/** Object lock of buckets and objects: what is taken and refused, who may do and see what, and what is told. */
import { createHash } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  type ObjectLockConfiguration,
  type ObjectLockRetention,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { region } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { newUser, newVersioned } from '../support/replicated-buckets.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const send: ReturnType<typeof daemon>['client']['send'] = (...args: [never]) => daemon().client.send(...args);
const requests = signedRequests(daemon);
const until = new Date('2040-01-02T03:04:05.678Z');
const later = new Date('2041-01-01T00:00:00Z');
const missing = refusal('InvalidRequest', 400, { message: 'Bucket is missing Object Lock Configuration' });
const lockedText = 'Access Denied because object protected by object lock.';
const locked = refusal('AccessDenied', 403, { message: lockedText });

let buckets = 0;
async function newLocked(defaults?: ObjectLockConfiguration['Rule']): Promise<string> {
  const Bucket = `locked-${++buckets}`;
  await send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  if (defaults !== undefined) await configure(Bucket, { ObjectLockEnabled: 'Enabled', Rule: defaults });
  return Bucket;
}
const configure = (Bucket: string, ObjectLockConfiguration: object, Token?: string) =>
  send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration, Token }));
const configured = async (Bucket: string) =>
  (await send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration;
const put = async (Bucket: string, Key: string, input: Partial<PutObjectCommandInput> = {}) =>
  (await send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...input }))).VersionId ?? '';
const retain = (Bucket: string, Key: string, Retention: ObjectLockRetention | undefined, bypass?: boolean) =>
  send(new PutObjectRetentionCommand({ Bucket, Key, Retention, BypassGovernanceRetention: bypass }));
const hold = (Bucket: string, Key: string, Status: 'ON' | 'OFF') =>
  send(new PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status } }));
const retained = async (Bucket: string, Key: string) =>
  (await send(new GetObjectRetentionCommand({ Bucket, Key }))).Retention;
const head = (Bucket: string, Key: string, client = daemon().client) =>
  client.send(new HeadObjectCommand({ Bucket, Key }));
const remove = (Bucket: string, Key: string, VersionId: string, BypassGovernanceRetention?: boolean) =>
  send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention }));

describe('buckets', () => {
  test('made with object lock → versioned for ever; given it later → only while versioned', async () => {
    const Bucket = await newLocked();
    expect((await send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    expect(await configured(Bucket)).toEqual({ ObjectLockEnabled: 'Enabled' });
    const suspended = { Status: 'Suspended' } as const;
    const suspend = send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: suspended }));
    await expect(suspend).rejects.toMatchObject(refusal('InvalidBucketState', 409));
    const other = await daemon().newBucket();
    await expect(configured(other)).rejects.toMatchObject(refusal('ObjectLockConfigurationNotFoundError', 404));
    await expect(configure(other, { ObjectLockEnabled: 'Enabled' })).rejects.toMatchObject(
      refusal('InvalidBucketState', 409),
    );
    const versioned = await newVersioned(daemon());
    await configure(versioned, { ObjectLockEnabled: 'Enabled' }, 'token-of-support');
    expect(await configured(versioned)).toEqual({ ObjectLockEnabled: 'Enabled' });
  });

  test('a default in days, in years, none → got as it was put', async () => {
    const Bucket = await newLocked();
    for (const DefaultRetention of [
      { Mode: 'GOVERNANCE', Days: 1 },
      { Mode: 'COMPLIANCE', Years: 100 },
    ] as const) {
      const configuration = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } };
      await configure(Bucket, configuration);
      expect(await configured(Bucket)).toEqual(configuration);
    }
    await configure(Bucket, { ObjectLockEnabled: 'Enabled' });
    expect(await configured(Bucket)).toEqual({ ObjectLockEnabled: 'Enabled' });
  });

  test.for<[what: string, configuration: object, code: string, status: number]>([
    ['no state', {}, 'MalformedXML', 400],
    ['another state', { ObjectLockEnabled: 'Disabled' }, 'MalformedXML', 400],
    ['a rule without a default', { ObjectLockEnabled: 'Enabled', Rule: {} }, 'MalformedXML', 400],
    ['no period', defaultOf({ Mode: 'GOVERNANCE' }), 'MalformedXML', 400],
    ['no mode', defaultOf({ Days: 1 }), 'MalformedXML', 400],
    ['days and years', defaultOf({ Mode: 'GOVERNANCE', Days: 1, Years: 1 }), 'MalformedXML', 400],
    ['no days', defaultOf({ Mode: 'GOVERNANCE', Days: 0 }), 'InvalidArgument', 400],
    ['less than no years', defaultOf({ Mode: 'GOVERNANCE', Years: -1 }), 'InvalidArgument', 400],
    ['too many days', defaultOf({ Mode: 'GOVERNANCE', Days: 36_501 }), 'InvalidArgument', 400],
    ['too many years', defaultOf({ Mode: 'COMPLIANCE', Years: 101 }), 'InvalidArgument', 400],
    ['an event hold', defaultOf({ Mode: 'GOVERNANCE', Days: 1, DefaultEventHold: { Days: 1 } }), 'NotImplemented', 501],
  ])('%s → refused, and nothing is changed', async ([, configuration, code, status]) => {
    const Bucket = await newLocked();
    await expect(configure(Bucket, configuration)).rejects.toMatchObject(refusal(code, status));
    expect(await configured(Bucket)).toEqual({ ObjectLockEnabled: 'Enabled' });
  });

  test('with object lock → no target of access logs', async () => {
    const [Bucket, TargetBucket] = [await daemon().newBucket(), await newLocked()];
    const BucketLoggingStatus = { LoggingEnabled: { TargetBucket, TargetPrefix: '' } };
    await expect(send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus }))).rejects.toMatchObject(
      refusal('InvalidTargetBucketForLogging', 400),
    );
  });
});

function defaultOf(DefaultRetention: object): object {
  return { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention } };
}

describe('new objects', () => {
  const lock = {
    ObjectLockMode: 'GOVERNANCE',
    ObjectLockRetainUntilDate: until,
    ObjectLockLegalHoldStatus: 'ON',
  } as const;

  test('put, copied, uploaded in parts with a lock → locked, and HEAD and GET say so', async () => {
    const Bucket = await newLocked();
    await put(Bucket, 'put', lock);
    await put(Bucket, 'plain');
    const CopySource = `${Bucket}/put`;
    await send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...lock, ObjectLockMode: 'COMPLIANCE' }));
    await send(new CopyObjectCommand({ Bucket, Key: 'plain-copy', CopySource }));
    const upload = { Bucket, Key: 'parts' };
    const { UploadId } = await send(new CreateMultipartUploadCommand({ ...upload, ...lock }));
    const { ETag } = await send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'x' }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await send(new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload }));
    expect(await head(Bucket, 'put')).toMatchObject(lock);
    expect(await head(Bucket, 'copy')).toMatchObject({ ...lock, ObjectLockMode: 'COMPLIANCE' });
    expect(await send(new GetObjectCommand(upload))).toMatchObject(lock);
    for (const Key of ['plain', 'plain-copy']) {
      const { ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus } = await head(Bucket, Key);
      expect([ObjectLockMode, ObjectLockRetainUntilDate, ObjectLockLegalHoldStatus]).toEqual(Array(3).fill(undefined));
    }
  });

  test('a default of the bucket → what says nothing gets it, what says something has that', async () => {
    const Bucket = await newLocked({ DefaultRetention: { Mode: 'COMPLIANCE', Days: 2 } });
    await put(Bucket, 'k');
    const { LastModified, ObjectLockMode, ObjectLockRetainUntilDate } = await head(Bucket, 'k');
    expect(ObjectLockMode).toBe('COMPLIANCE');
    const days = ((ObjectLockRetainUntilDate?.getTime() ?? 0) - (LastModified?.getTime() ?? 0)) / 86_400_000;
    expect(days).toBeCloseTo(2, 3);
    await put(Bucket, 'own', { ...lock, ObjectLockLegalHoldStatus: undefined });
    expect(await retained(Bucket, 'own')).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: until });
  });

  test.for<[what: string, input: Partial<PutObjectCommandInput>, code: string, message: RegExp]>([
    ['a mode alone', { ObjectLockMode: 'GOVERNANCE' }, 'InvalidArgument', /must both be supplied/],
    ['a date alone', { ObjectLockRetainUntilDate: until }, 'InvalidArgument', /must both be supplied/],
    [
      'a date that is past',
      { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date('2020-01-01') },
      'InvalidArgument',
      /must be in the future/,
    ],
    [
      'another mode',
      { ObjectLockMode: 'x' as 'GOVERNANCE', ObjectLockRetainUntilDate: until },
      'InvalidArgument',
      /wormMode/,
    ],
    ['an event hold', { ObjectLockEventHold: 'ON' }, 'NotImplemented', /./],
  ])('%s → refused', async ([, input, code, message]) => {
    const Bucket = await newLocked();
    await expect(put(Bucket, 'k', input)).rejects.toMatchObject({
      name: code,
      message: expect.stringMatching(message),
    });
  });

  test('a bucket without object lock → InvalidRequest', async () => {
    await expect(put(await newVersioned(daemon()), 'k', lock)).rejects.toMatchObject(missing);
  });

  test('without a digest → refused where it would be locked, by itself or by the default, whole or in parts', async () => {
    const [plain, strict] = [await newLocked(), await newLocked({ DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } })];
    const headers = { 'x-amz-object-lock-legal-hold': 'ON' };
    const md5 = { 'content-md5': createHash('md5').update('x').digest('base64') };
    const status = async (path: string, more: Record<string, string> = {}, query: [string, string][] = []) => {
      const answer = await requests.send({ method: 'PUT', path, query, headers: more, body: 'x' });
      return [answer.status, /<Message>([^<]*)/.exec(answer.body)?.[1]?.slice(0, 11)];
    };
    expect(await status(`/${plain}/k`)).toEqual([200, undefined]);
    expect(await status(`/${plain}/k`, headers)).toEqual([400, 'Content-MD5']);
    expect(await status(`/${plain}/k`, { ...headers, ...md5 })).toEqual([200, undefined]);
    expect(await status(`/${strict}/k`)).toEqual([400, 'Content-MD5']);
    expect(await status(`/${strict}/k`, md5)).toEqual([200, undefined]);
    const { UploadId } = await send(new CreateMultipartUploadCommand({ Bucket: strict, Key: 'p' }));
    const part = Object.entries({ partNumber: '1', uploadId: UploadId ?? '' });
    expect(await status(`/${strict}/p`, {}, part)).toEqual([400, 'Content-MD5']);
    expect(await status(`/${strict}/p`, md5, part)).toEqual([200, undefined]);
  });

  test('nobody signed it → not into retention', async () => {
    const Bucket = await newLocked({ DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } });
    await allowEverybody(Bucket, ['s3:PutObject']);
    const headers = { 'content-md5': createHash('md5').update('x').digest('base64') };
    const answer = await fetch(`${daemon().endpoint}/${Bucket}/k`, { method: 'PUT', body: 'x', headers });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('AWS Signature Version 4')]);
  });
});

async function allowEverybody(Bucket: string, Action: readonly string[]): Promise<void> {
  await send(new DeletePublicAccessBlockCommand({ Bucket }));
  const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource: `arn:aws:s3:::${Bucket}/*` }];
  await send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
}

describe('retention and legal hold', () => {
  test('set, made longer, read; of a version that has none → NoSuchObjectLockConfiguration', async () => {
    const Bucket = await newLocked();
    await put(Bucket, 'k');
    const none = refusal('NoSuchObjectLockConfiguration', 404);
    await expect(retained(Bucket, 'k')).rejects.toMatchObject(none);
    const held = () => send(new GetObjectLegalHoldCommand({ Bucket, Key: 'k' }));
    await expect(held()).rejects.toMatchObject(none);
    await retain(Bucket, 'k', { Mode: 'GOVERNANCE', RetainUntilDate: until });
    expect(await retained(Bucket, 'k')).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: until });
    await retain(Bucket, 'k', { Mode: 'GOVERNANCE', RetainUntilDate: later });
    await hold(Bucket, 'k', 'ON');
    expect(await head(Bucket, 'k')).toMatchObject({
      ObjectLockRetainUntilDate: later,
      ObjectLockLegalHoldStatus: 'ON',
    });
    await hold(Bucket, 'k', 'OFF');
    expect((await held()).LegalHold).toEqual({ Status: 'OFF' });
  });

  test('governance → shortened, ended or made compliance only by a bypass; compliance → by nobody', async () => {
    const Bucket = await newLocked();
    await put(Bucket, 'k');
    const keep = (Mode: 'GOVERNANCE' | 'COMPLIANCE', RetainUntilDate: Date, bypass?: boolean) =>
      retain(Bucket, 'k', { Mode, RetainUntilDate }, bypass);
    await keep('GOVERNANCE', later);
    await expect(keep('GOVERNANCE', until)).rejects.toMatchObject(locked);
    await expect(keep('COMPLIANCE', later)).rejects.toMatchObject(locked);
    await expect(retain(Bucket, 'k', {})).rejects.toMatchObject(locked);
    await keep('GOVERNANCE', until, true);
    await retain(Bucket, 'k', {}, true);
    await expect(retained(Bucket, 'k')).rejects.toMatchObject(refusal('NoSuchObjectLockConfiguration', 404));
    await keep('COMPLIANCE', until);
    await keep('COMPLIANCE', later);
    for (const bypass of [false, true]) {
      await expect(keep('COMPLIANCE', until, bypass)).rejects.toMatchObject(locked);
      await expect(keep('GOVERNANCE', later, bypass)).rejects.toMatchObject(locked);
      await expect(retain(Bucket, 'k', {}, bypass)).rejects.toMatchObject(locked);
    }
    expect(await retained(Bucket, 'k')).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: later });
  });

  test.for<[what: string, retention: ObjectLockRetention | undefined, code: string]>([
    ['no body', undefined, 'MalformedXML'],
    ['a mode alone', { Mode: 'GOVERNANCE' }, 'MalformedXML'],
    ['a date alone', { RetainUntilDate: until }, 'MalformedXML'],
    ['another mode', { Mode: 'governance' as 'GOVERNANCE', RetainUntilDate: until }, 'MalformedXML'],
    ['a date that is past', { Mode: 'GOVERNANCE', RetainUntilDate: new Date('2020-01-01') }, 'InvalidArgument'],
    ['an event hold', { EventHold: 'ON' }, 'NotImplemented'],
  ])('%s → refused', async ([, retention, code]) => {
    const Bucket = await newLocked();
    await put(Bucket, 'k');
    await expect(retain(Bucket, 'k', retention)).rejects.toMatchObject({ name: code });
  });

  test('a bucket without object lock → InvalidRequest; a delete marker → MethodNotAllowed; no object → NoSuchKey', async () => {
    const other = await newVersioned(daemon());
    await put(other, 'k');
    const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: until } as const;
    for (const call of [
      () => retain(other, 'k', Retention),
      () => hold(other, 'k', 'ON'),
      () => retained(other, 'k'),
      () => send(new GetObjectLegalHoldCommand({ Bucket: other, Key: 'k' })),
    ]) {
      await expect(call()).rejects.toMatchObject(missing);
    }
    const Bucket = await newLocked();
    await expect(retain(Bucket, 'k', Retention)).rejects.toMatchObject(refusal('NoSuchKey', 404));
    await put(Bucket, 'k');
    await send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    await expect(retain(Bucket, 'k', Retention)).rejects.toMatchObject(refusal('MethodNotAllowed', 405));
    await expect(retained(Bucket, 'k')).rejects.toMatchObject(refusal('MethodNotAllowed', 405));
  });
});

describe('deletes', () => {
  test('of a version: governance by a bypass, a hold and compliance by nothing; without a version → a marker', async () => {
    const Bucket = await newLocked();
    const kept = await put(Bucket, 'kept', { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: until });
    const held = await put(Bucket, 'held', { ObjectLockLegalHoldStatus: 'ON' });
    const soft = await put(Bucket, 'soft', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until });
    for (const bypass of [false, true]) {
      await expect(remove(Bucket, 'kept', kept, bypass)).rejects.toMatchObject(locked);
      await expect(remove(Bucket, 'held', held, bypass)).rejects.toMatchObject(locked);
    }
    await expect(remove(Bucket, 'soft', soft)).rejects.toMatchObject(locked);
    expect(await send(new DeleteObjectCommand({ Bucket, Key: 'soft' }))).toMatchObject({ DeleteMarker: true });
    await remove(Bucket, 'soft', soft, true);
    await hold(Bucket, 'held', 'OFF');
    await remove(Bucket, 'held', held);
    await expect(send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject(refusal('BucketNotEmpty', 409));
  });

  test('of many → each by itself', async () => {
    const Bucket = await newLocked();
    const soft = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until } as const;
    const versions = [await put(Bucket, 'free'), await put(Bucket, 'soft', soft), await put(Bucket, 'held', soft)];
    await hold(Bucket, 'held', 'ON');
    const Objects = ['free', 'soft', 'held'].map((Key, i) => ({ Key, VersionId: versions[i] }));
    const all = (BypassGovernanceRetention?: boolean) =>
      send(new DeleteObjectsCommand({ Bucket, Delete: { Objects }, BypassGovernanceRetention }));
    const error = { Code: 'AccessDenied', Message: lockedText };
    const first = await all();
    expect(first.Deleted?.map(({ Key }) => Key)).toEqual(['free']);
    expect(first.Errors).toEqual([
      { ...Objects[1], ...error },
      { ...Objects[2], ...error },
    ]);
    const second = await all(true);
    expect(second.Errors).toEqual([{ ...Objects[2], ...error }]);
    // AWS refuses the header where there is nothing to bypass; tools that clean up send it everywhere.
    const other = await newVersioned(daemon());
    await remove(other, 'k', await put(other, 'k'), true);
  });
});

describe('permissions', () => {
  test('who may not see a lock → HEAD says nothing of it; who may not bypass → refused with the header', async () => {
    const Bucket = await newLocked();
    const version = await put(Bucket, 'k', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: until });
    await hold(Bucket, 'k', 'OFF');
    const client = async (name: string, actions: readonly string[]) => {
      const credentials = await newUser(daemon(), name, actions);
      return new S3Client({ endpoint: daemon().endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });
    };
    const reader = await client('lock-reader', ['s3:GetObject']);
    const both = await client('lock-both', ['s3:GetObject', 's3:GetObjectLegalHold', 's3:DeleteObjectVersion']);
    const blind = await head(Bucket, 'k', reader);
    expect([blind.ObjectLockMode, blind.ObjectLockRetainUntilDate, blind.ObjectLockLegalHoldStatus]).toEqual(
      Array(3).fill(undefined),
    );
    const half = await head(Bucket, 'k', both);
    expect([half.ObjectLockMode, half.ObjectLockLegalHoldStatus]).toEqual([undefined, 'OFF']);
    await expect(reader.send(new GetObjectRetentionCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject(
      refusal('AccessDenied', 403),
    );
    const bypass = { Bucket, Key: 'k', VersionId: version, BypassGovernanceRetention: true };
    await expect(both.send(new DeleteObjectCommand(bypass))).rejects.toMatchObject(
      refusal('AccessDenied', 403, { message: expect.stringContaining('BypassGovernanceRetention') }),
    );
    await expect(
      reader.send(new PutObjectCommand({ Bucket, Key: 'n', ObjectLockLegalHoldStatus: 'ON' })),
    ).rejects.toMatchObject(refusal('AccessDenied', 403));
    reader.destroy();
    both.destroy();
  });

  test('a policy that limits retention → longer ones are refused, in headers and in bodies', async () => {
    const Bucket = await newLocked();
    const Condition = { NumericGreaterThan: { 's3:object-lock-remaining-retention-days': '10' } };
    const Resource = `arn:aws:s3:::${Bucket}/*`;
    const Statement = [{ Effect: 'Deny', Principal: '*', Action: 's3:PutObjectRetention', Resource, Condition }];
    await send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
    await put(Bucket, 'k', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(5) });
    await retain(Bucket, 'k', { Mode: 'GOVERNANCE', RetainUntilDate: inDays(9) });
    const refused = refusal('AccessDenied', 403);
    await expect(retain(Bucket, 'k', { Mode: 'GOVERNANCE', RetainUntilDate: inDays(12) })).rejects.toMatchObject(
      refused,
    );
    const long = { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(12) } as const;
    await expect(put(Bucket, 'l', long)).rejects.toMatchObject(refused);
  });
});
