/** Server access logs: which configurations are taken, and what the logs say that are delivered. */
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLoggingCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type LoggingEnabled,
  PutBucketAclCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { type Line, parseLog } from '../support/access-log-lines.ts';
import { eventually } from '../support/eventually.ts';
import { sendRaw } from '../support/raw-http.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const otherKey = { accessKeyId: 'OTHERACCOUNTKEY', secretAccessKey: 'secret-of-the-other-account' };
const userKey = { accessKeyId: 'USERACCESSKEYID', secretAccessKey: 'secret-of-the-user-of-the-account' };
const policies = ['arn:aws:iam::aws:policy/AmazonS3FullAccess'];
const daemon = useDaemon({
  config: JSON.stringify({
    // Logs are delivered when a test asks for it, and lifecycle rules act at once.
    accessLogs: { deliveryInterval: '24h' },
    time: { dayLength: '100ms' },
    bucketDefaults: 'legacy',
    otherRegions: ['eu-west-1'],
    accounts: [
      { id: '000000000000', displayName: 'Main', users: [{ name: 'alice', policies, keys: [userKey] }] },
      { id: '111122223333', displayName: 'Other', rootKey: otherKey },
    ],
  }),
});
const { send } = signedRequests(daemon);
const clientOf = (credentials: typeof otherKey, region = 'us-east-1') =>
  new S3Client({ endpoint: daemon().endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 });

const put = (Bucket: string, LoggingEnabled?: LoggingEnabled, client = daemon().client) =>
  client.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
const get = async (Bucket: string) =>
  (await daemon().client.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled;
const setOwnership = (Bucket: string, ObjectOwnership: 'BucketOwnerEnforced' | 'BucketOwnerPreferred') =>
  daemon().client.send(
    new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls: { Rules: [{ ObjectOwnership }] } }),
  );

/** As AWS's documentation has it. */
function allow(Bucket: string, source: string, different: object = {}): Promise<unknown> {
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'logging.s3.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${Bucket}/logs*`,
    Condition: {
      ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${source}` },
      StringEquals: { 'aws:SourceAccount': '000000000000' },
    },
    ...different,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  return daemon().client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

async function buckets(): Promise<{ source: string; target: string; enabled: LoggingEnabled }> {
  const [source, target] = [await daemon().newBucket(), await daemon().newBucket()];
  return { source, target, enabled: { TargetBucket: target, TargetPrefix: 'logs/' } };
}

/** Two buckets of which one has the other's log. */
async function logged(different: Partial<LoggingEnabled> = {}) {
  const made = await buckets();
  await allow(made.target, made.source);
  await put(made.source, { ...made.enabled, ...different });
  return made;
}

const keysOf = async (Bucket: string): Promise<readonly string[]> =>
  (await daemon().client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key = '' }) => Key) ?? [];

/** Has logs delivered until there are so many lines, which may come in several objects. */
function lines(target: string, count: number): Promise<Line[]> {
  return eventually(async () => {
    await send({ method: 'POST', path: '/-/jobs/access-logs/run', body: '' });
    let text = '';
    for (const Key of await keysOf(target)) {
      const { Body } = await daemon().client.send(new GetObjectCommand({ Bucket: target, Key }));
      text += await Body?.transformToString();
    }
    const found = text === '' ? [] : parseLog(text);
    expect(found.length).toBeGreaterThanOrEqual(count);
    return found;
  });
}

describe('configurations', () => {
  test.for<[string, Partial<LoggingEnabled>]>([
    ['none of its own', {}],
    ['the time', { TargetObjectKeyFormat: { SimplePrefix: {} } }],
    ['the day of events', { TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'EventTime' } } }],
    ['the day of delivery', { TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'DeliveryTime' } } }],
  ])('keys in the form of %s → got as they were put; removed → none', async ([, different]) => {
    const { source, enabled } = await logged(different);
    expect(await get(source)).toEqual({ ...enabled, ...different });
    await put(source);
    expect(await get(source)).toBeUndefined();
  });

  test.for<[string, string, Partial<LoggingEnabled>]>([
    ['no prefix', 'MalformedXML', { TargetPrefix: undefined }],
    ['no target', 'MalformedXML', { TargetBucket: undefined }],
    ['keys in no form', 'MalformedXML', { TargetObjectKeyFormat: {} }],
    ['keys in two forms', 'MalformedXML', { TargetObjectKeyFormat: { SimplePrefix: {}, PartitionedPrefix: {} } }],
    ['a grant of nothing', 'InvalidArgument', { TargetGrants: [{ Grantee: { Type: 'CanonicalUser', ID: 'x' } }] }],
    ['a grant to nobody', 'MalformedXML', { TargetGrants: [{ Permission: 'READ' }] }],
  ])('%s → %s', async ([, code, different]) => {
    const { source, target, enabled } = await buckets();
    await allow(target, source);
    await expect(put(source, { ...enabled, ...different })).rejects.toMatchObject(refusal(code, 400));
    expect(await get(source)).toBeUndefined();
  });

  const code = 'InvalidTargetBucketForLogging';
  const permissions =
    'You must either provide the necessary permissions to the logging service using a bucket policy or give the log-delivery group WRITE and READ_ACP permissions to the target bucket';

  test('a target that is not there, of another account, or where the requester pays → refused in the words of AWS', async () => {
    const { source, target, enabled } = await buckets();
    const refused = (TargetBucket: string, message: string) =>
      expect(put(source, { ...enabled, TargetBucket })).rejects.toMatchObject({ name: code, message });
    await refused('no-such-bucket', 'The target bucket for logging does not exist');
    await clientOf(otherKey).send(new CreateBucketCommand({ Bucket: 'log-of-another' }));
    await refused('log-of-another', 'The owner for the bucket to be logged and the target bucket must be the same.');
    await allow(target, source);
    const RequestPaymentConfiguration = { Payer: 'Requester' } as const;
    await daemon().client.send(new PutBucketRequestPaymentCommand({ Bucket: target, RequestPaymentConfiguration }));
    await refused(target, 'The target bucket for logging must not have Requester Pays enabled');
  });

  test('a target in another region → CrossLocationLoggingProhibitted', async () => {
    const { source, enabled } = await buckets();
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
    const european = clientOf(daemon(), 'eu-west-1');
    await european.send(new CreateBucketCommand({ Bucket: 'log-in-europe', CreateBucketConfiguration }));
    await expect(put(source, { ...enabled, TargetBucket: 'log-in-europe' })).rejects.toMatchObject(
      refusal('CrossLocationLoggingProhibitted', 403),
    );
  });

  test.for<[string, object]>([
    ['names everybody of AWS', { Principal: { AWS: '*' } }],
    ['names another service', { Principal: { Service: 's3.amazonaws.com' } }],
    ['allows something else', { Action: 's3:GetObject' }],
    ['allows other keys', { Resource: 'arn:aws:s3:::*/other/*' }],
    ['speaks of another source', { Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::other' } } }],
    ['speaks of another account', { Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' } } }],
    ['denies it', { Effect: 'Deny' }],
  ])("a target's policy that %s → InvalidTargetBucketForLogging", async ([, different]) => {
    const { source, target, enabled } = await buckets();
    await allow(target, source, different);
    await expect(put(source, enabled)).rejects.toMatchObject({ name: code, message: permissions });
  });

  test('the log-delivery group → by its grants on a target with ACLs, and not without READ_ACP; not once ACLs are disabled', async () => {
    const { source, target, enabled } = await buckets();
    const { client } = daemon();
    const group = 'uri="http://acs.amazonaws.com/groups/s3/LogDelivery"';
    await client.send(new PutBucketAclCommand({ Bucket: target, GrantWrite: group }));
    await expect(put(source, enabled)).rejects.toMatchObject({ name: code, message: permissions });
    await client.send(new PutBucketAclCommand({ Bucket: target, GrantWrite: group, GrantReadACP: group }));
    await put(source, enabled);
    await client.send(new PutBucketAclCommand({ Bucket: target, ACL: 'private' }));
    await setOwnership(target, 'BucketOwnerEnforced');
    await expect(put(source, enabled)).rejects.toMatchObject({ name: code, message: permissions });
  });

  test('grants on a target without ACLs → AccessControlListNotSupported', async () => {
    const { source, target, enabled } = await buckets();
    await allow(target, source);
    await setOwnership(target, 'BucketOwnerEnforced');
    const Grantee = { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AllUsers' } as const;
    const granting = put(source, { ...enabled, TargetGrants: [{ Grantee, Permission: 'READ' }] });
    await expect(granting).rejects.toMatchObject({
      name: 'AccessControlListNotSupported',
      message: 'Target grants not allowed for bucket owner enforced buckets',
    });
  });

  test('who does not own the source → AccessDenied, whatever its policy gives; its own users → as theirs say', async () => {
    const { source, target, enabled } = await buckets();
    await allow(target, source);
    const Action = ['s3:PutBucketLogging', 's3:GetBucketLogging'];
    const Statement = [{ Effect: 'Allow', Principal: '*', Action, Resource: `arn:aws:s3:::${source}` }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await daemon().client.send(new PutBucketPolicyCommand({ Bucket: source, Policy }));
    await expect(put(source, enabled, clientOf(otherKey))).rejects.toMatchObject(refusal('AccessDenied', 403));
    await put(source, enabled, clientOf(userKey));
    await expect(put(source, undefined, clientOf(otherKey))).rejects.toMatchObject(refusal('AccessDenied', 403));
    expect(await get(source)).toEqual(enabled);
  });
});

describe('logs', () => {
  test('requests to a bucket → a line each, with what they were, and none of requests to others', async () => {
    const { source: Bucket, target } = await logged();
    const { client } = daemon();
    const { $metadata } = await client.send(new PutObjectCommand({ Bucket, Key: 'a b', Body: 'hello' }));
    await client.send(new GetObjectCommand({ Bucket, Key: 'a b', Range: 'bytes=1-2' }));
    await clientOf(userKey).send(new HeadObjectCommand({ Bucket, Key: 'a b' }));
    await expect(client.send(new GetObjectCommand({ Bucket, Key: 'none' }))).rejects.toThrow();
    const host = `127.0.0.1:${daemon().port}`;
    // Of another key: log objects of one second lie in no order.
    const unsigned = `GET /${Bucket}/c%20d?versionId=v&X-Amz-Signature=secret HTTP/1.1`;
    await sendRaw(`${unsigned}\r\nHost: ${host}\r\nUser-Agent: a"b\r\nReferer: http://r/\r\n\r\n`, {
      port: daemon().port,
    });
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a b' }));
    const found = await lines(target, 6);
    const at = (operation: string, key = 'a%2Bb') =>
      found.find((line) => line.operation === operation && line.key === key) ?? { whole: '', rest: [] };
    const written = at('REST.PUT.OBJECT');
    const [owner, bucketName, time, address, requester, requestId] = written.whole.match(/\[.*?\]|\S+/g) ?? [];
    expect(owner).toMatch(/^[0-9a-f]{64}$/);
    expect([bucketName, address, requester]).toEqual([Bucket, '127.0.0.1', owner]);
    expect(time).toMatch(/^\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000\]$/);
    expect([requestId, written.rest[10]]).toEqual([$metadata.requestId, $metadata.extendedRequestId]);
    const [line, status, error, sent, size, total, turn] = written.rest;
    expect(line).toBe(`"PUT /${Bucket}/a%20b?x-id=PutObject HTTP/1.1"`);
    expect([status, error, sent, size]).toEqual(['200', '-', '-', '5']);
    expect(Number(turn)).toBeLessThanOrEqual(Number(total) + 1);
    expect(written.rest.slice(11)).toEqual(['SigV4', '-', 'AuthHeader', host, '-', '-', '-', '-']);
    expect(at('REST.GET.OBJECT').rest.slice(1, 5)).toEqual(['206', '-', '2', '5']);
    expect(at('REST.HEAD.OBJECT').rest.slice(1, 5)).toEqual(['200', '-', '-', '5']);
    expect(at('REST.HEAD.OBJECT').whole).toContain(' arn:aws:iam::000000000000:user/alice ');
    expect(at('REST.GET.OBJECT', 'none').rest.slice(1, 3)).toEqual(['404', 'NoSuchKey']);
    expect(at('REST.DELETE.OBJECT').rest.slice(1, 5)).toEqual(['204', '-', '-', '5']);
    const refused = found.find(({ whole }) => whole.includes('REDACTED'))?.rest ?? [];
    expect(refused[0]).toBe(`"GET /${Bucket}/c%20d?versionId=v&X-Amz-Signature=REDACTED HTTP/1.1"`);
    expect(refused.slice(7, 10)).toEqual(['"http://r/"', '"a%22b"', 'v']);
    expect(found.every(({ whole }) => whole.split(' ')[1] === Bucket)).toBe(true);
  });

  test('several deletes, copies and uploads in parts → the lines that AWS has of them', async () => {
    const { source: Bucket, target } = await logged();
    const { client } = daemon();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k k', Body: 'hello' }));
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource: `${Bucket}/k%20k` }));
    const elsewhere = await daemon().newBucket();
    await client.send(new CopyObjectCommand({ Bucket: elsewhere, Key: 'copy', CopySource: `${Bucket}/k%20k` }));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'parts' }));
    const part = { Bucket, Key: 'parts', UploadId, PartNumber: 1 };
    const { ETag } = await client.send(new UploadPartCommand({ ...part, Body: 'part' }));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload }));
    const Objects = [{ Key: 'k k' }, { Key: 'no/such', VersionId: 'nonsense' }];
    const { $metadata } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    const found = await lines(target, 10);
    const short = found.map(({ operation, key, rest }) => [operation, key, ...rest.slice(1, 5)].join(' '));
    expect(short).toEqual(
      expect.arrayContaining([
        'REST.COPY.OBJECT_GET k%2Bk 200 - - 5',
        expect.stringMatching(/^REST\.COPY\.OBJECT copy 200 - \d+ 5$/),
        'REST.PUT.PART parts 200 - - 4',
        expect.stringMatching(/^REST\.POST\.UPLOAD parts 200 - \d+ 4$/),
        'BATCH.DELETE.OBJECT k+k 204 - - 5',
        'BATCH.DELETE.OBJECT no/such 404 NoSuchVersion - -',
        expect.stringMatching(/^REST\.POST\.MULTI_OBJECT_DELETE - 200 - \d+ -$/),
      ]),
    );
    expect(short.filter((line) => line.startsWith('REST.COPY.OBJECT_GET'))).toHaveLength(2);
    const ofDelete = found.filter(({ whole }) => whole.includes($metadata.requestId ?? 'none'));
    expect(ofDelete).toHaveLength(3);
    expect(ofDelete[0]?.rest.slice(5, 9)).toEqual(['-', '-', '-', '-']);
  });

  test('what lifecycle rules do → lines of AmazonS3', async () => {
    const { source: Bucket, target } = await logged();
    const { client } = daemon();
    await client.send(new PutObjectCommand({ Bucket, Key: 'gone', Body: 'x' }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'moved', Body: 'x'.repeat(200_000) }));
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'begun' }));
    const rule = { Status: 'Enabled' } as const;
    const Rules = [
      { ...rule, ID: 'a', Filter: { Prefix: 'gone' }, Expiration: { Days: 1 } },
      { ...rule, ID: 'b', Filter: { Prefix: 'moved' }, Transitions: [{ Days: 1, StorageClass: 'GLACIER' as const }] },
      { ...rule, ID: 'c', Filter: { Prefix: '' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ];
    await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
    const found = await eventually(async () => {
      const own = (await lines(target, 7)).filter(({ operation }) => operation.startsWith('S3.'));
      expect(own).toHaveLength(3);
      return own;
    });
    expect(found.map(({ operation, key, rest }) => [operation, key, ...rest.slice(0, 5)].join(' ')).toSorted()).toEqual(
      ['S3.DELETE.UPLOAD begun - - - - -', 'S3.EXPIRE.OBJECT gone - - - - 1', 'S3.TRANSITION.OBJECT moved - - - - -'],
    );
    expect(found[0]?.whole).toMatch(/\] - AmazonS3 [0-9A-F]{16} S3\./);
  });

  test('a read that an ACL alone allows → Yes in the field for that, and of others a hyphen', async () => {
    const { source: Bucket, target } = await logged();
    const { client } = daemon();
    await client.send(new PutObjectCommand({ Bucket, Key: 'open', Body: 'x', ACL: 'public-read' }));
    await fetch(`${daemon().endpoint}/${Bucket}/open`);
    await client.send(new GetObjectCommand({ Bucket, Key: 'open' }));
    const reads = (await lines(target, 3)).filter(({ operation }) => operation === 'REST.GET.OBJECT');
    expect(reads.map(({ whole, rest }) => `${whole.split(' ')[5] === '-'} ${rest[17]}`).toSorted()).toEqual([
      'false -',
      'true Yes',
    ]);
  });

  test.for([
    ['SimplePrefix', /^logs\/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}$/],
    [
      'PartitionedPrefix',
      /^logs\/000000000000\/us-east-1\/bucket-[\d-]+\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\d-00-00-00-[0-9A-F]{16}$/,
    ],
  ] as const)(
    '%s → keys of that form; the objects are text of the log delivery account, and the bucket owner has them',
    async ([form, pattern]) => {
      const Grantee = { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers' } as const;
      const { source, target } = await logged({
        TargetObjectKeyFormat: { [form]: {} },
        TargetGrants: [{ Grantee, Permission: 'READ' }],
      });
      await daemon().client.send(new ListObjectsV2Command({ Bucket: source }));
      await lines(target, 1);
      const [Key = ''] = await keysOf(target);
      expect(Key).toMatch(pattern);
      const named = { Bucket: target, Key };
      expect(await daemon().client.send(new HeadObjectCommand(named))).toMatchObject({ ContentType: 'text/plain' });
      const { Owner, Grants } = await daemon().client.send(new GetObjectAclCommand(named));
      expect(Owner?.ID).toMatch(/^3272ee65/);
      expect(Grants?.map(({ Permission }) => Permission)).toEqual(['READ', 'FULL_CONTROL', 'FULL_CONTROL']);
      await daemon().client.send(new DeleteObjectCommand(named));
      expect(await keysOf(target)).toEqual([]);
    },
  );

  test('a bucket that has its own log, and two that have each other’s → nothing is written of what is delivered', async () => {
    const { source: one, target: other } = await buckets();
    const policy = { Condition: {} };
    for (const bucket of [one, other]) await allow(bucket, bucket, policy);
    await put(one, { TargetBucket: one, TargetPrefix: 'logs/own/' });
    await daemon().client.send(new PutObjectCommand({ Bucket: one, Key: 'k', Body: 'x' }));
    const first = await lines(one, 1);
    expect(first.some(({ operation }) => operation === 'REST.PUT.OBJECT')).toBe(true);
    // Delivered again and again: what is written of it are the requests of this test alone, which read and write the logs.
    const again = await lines(one, first.length + 3);
    expect(again.filter(({ operation }) => operation === 'REST.PUT.OBJECT').map(({ key }) => key)).toEqual(['k']);
    await put(one, { TargetBucket: other, TargetPrefix: 'logs/one/' });
    await put(other, { TargetBucket: one, TargetPrefix: 'logs/other/' });
    await daemon().client.send(new HeadObjectCommand({ Bucket: one, Key: 'k' }));
    const mutual = await lines(other, 1);
    expect(
      mutual.filter(({ key }) => key.startsWith('logs/')).every(({ operation }) => operation === 'REST.GET.OBJECT'),
    ).toBe(true);
  });

  test('a target that takes the log no longer → its lines wait, and are delivered once it does', async () => {
    const { source, target } = await logged();
    await allow(target, source, { Action: 's3:GetObject' });
    await daemon().client.send(new ListObjectsV2Command({ Bucket: source }));
    await eventually(async () => {
      await send({ method: 'POST', path: '/-/jobs/access-logs/run', body: '' });
      const { body } = await send({ method: 'GET', path: '/-/jobs' });
      expect(body).toContain(`"lastRefusal": "${target}: You must either provide`);
    });
    expect(await keysOf(target)).toEqual([]);
    await allow(target, source);
    expect((await lines(target, 1)).map(({ operation }) => operation)).toContain('REST.GET.BUCKET');
  });
});
