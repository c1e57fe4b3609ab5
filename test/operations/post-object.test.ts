/** Uploads by browsers' forms: what is stored and answered, and what a policy lets through. */

import { createHash } from 'node:crypto';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  contentType,
  type Field,
  type FormAnswer,
  formBody,
  type PolicyOptions,
  postForm,
  signedByV2,
  signedByV4,
} from '../support/browser-forms.ts';
import { region, rootKey } from '../support/daemon.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import type { SigningKey } from '../support/sigv4-sign.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ config: 'signatureVersion2: true' });
const { sendWire } = signedRequests(daemon);
let Bucket: string;

beforeAll(async () => {
  Bucket = await daemon().newBucket();
});

interface Form extends Partial<Pick<PolicyOptions, 'members' | 'date' | 'expiresMs' | 'key'>> {
  /** Without the signature; `key` is `k` unless it says otherwise. Each gets a condition, but those of `bare`. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly bare?: readonly string[];
  readonly conditions?: readonly unknown[];
  readonly file?: string | Uint8Array;
  readonly filename?: string;
  readonly bucket?: string;
  readonly sign?: (options: PolicyOptions) => Record<string, string>;
  /** Changes what is sent after it was signed. */
  readonly change?: (fields: Record<string, string>) => Record<string, string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: string;
}

async function post(form: Form = {}): Promise<FormAnswer> {
  const { bare = [], conditions = [], bucket = Bucket, key = rootKey, sign = signedByV4, file = 'content' } = form;
  const fields = { key: 'k', ...form.fields };
  const own = Object.entries(fields).filter(([name]) => !bare.includes(name));
  const covering = own.map(([name, value]) =>
    value.includes('${') ? ['starts-with', `$${name}`, ''] : { [name]: value },
  );
  const { members, date, expiresMs } = form;
  const signature = sign({
    bucket,
    key,
    conditions: [...covering, ...conditions],
    ...(members && { members }),
    ...(date && { date }),
    ...(expiresMs !== undefined && { expiresMs }),
  });
  const sent = { ...fields, ...signature };
  const parts: Field[] = Object.entries(form.change?.(sent) ?? sent);
  const body = formBody([...parts, ['file', file, form.filename ?? 'name.txt']]);
  return postForm(`${daemon().endpoint}/${bucket}${form.query ?? ''}`, body, form.headers);
}

const head = (Key: string, bucket = Bucket) => daemon().client.send(new HeadObjectCommand({ Bucket: bucket, Key }));
const text = async (Key: string, bucket = Bucket) =>
  (await daemon().client.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString();
const etagOf = (content: string | Uint8Array) => `"${createHash('md5').update(content).digest('hex')}"`;
/** Nothing is there under the key. */
const isAbsent = async (Key: string) => (await head(Key).catch((error: Error) => error.name)) === 'NotFound';

describe('what is stored', () => {
  test('fields of a lock → locked; into retention without a digest → refused', async () => {
    const bucket = 'locked-by-form';
    await daemon().client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
    const lock = {
      ...{ 'x-amz-object-lock-mode': 'COMPLIANCE', 'x-amz-object-lock-retain-until-date': '2040-01-01T00:00:00Z' },
      'x-amz-object-lock-legal-hold': 'ON',
    };
    expect(await post({ bucket, fields: lock })).toMatchObject({ status: 400, code: 'InvalidRequest' });
    const digest = { 'Content-MD5': createHash('md5').update('content').digest('base64') };
    expect(await post({ bucket, fields: { ...lock, ...digest } })).toMatchObject({ status: 204 });
    expect(await head('k', bucket)).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockLegalHoldStatus: 'ON' });
  });

  test('a signed form → 204 with ETag, Location and checksum, and the object is there', async () => {
    const answer = await post({ fields: { key: 'a b/ü.txt' } });
    expect(answer).toMatchObject({ status: 204, body: '' });
    expect(answer.headers.get('etag')).toBe(etagOf('content'));
    expect(answer.headers.get('location')).toBe(`${daemon().endpoint}/${Bucket}/a%20b%2F%C3%BC.txt`);
    expect(answer.headers.get('x-amz-checksum-type')).toBe('FULL_OBJECT');
    expect(answer.headers.get('x-amz-checksum-crc64nvme')).toBeTruthy();
    expect(answer.headers.has('content-type')).toBe(false);
    expect(await text('a b/ü.txt')).toBe('content');
    expect((await head('a b/ü.txt')).ContentType).toBe('binary/octet-stream');
  });

  test('headers, metadata and class as fields, in any case → stored as by PutObject', async () => {
    const fields = {
      key: 'attributes',
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-cache',
      'content-disposition': 'attachment; filename="ü.txt"',
      'Content-Encoding': 'gzip',
      'Content-Language': 'de',
      Expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
      'x-amz-meta-Color': 'blau-grün',
      'X-Amz-Storage-Class': 'STANDARD_IA',
      'x-amz-website-redirect-location': '/other',
    };
    expect(await post({ fields })).toMatchObject({ status: 204 });
    expect(await head('attributes')).toMatchObject({
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-cache',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      ExpiresString: 'Thu, 01 Dec 2033 16:00:00 GMT',
      StorageClass: 'STANDARD_IA',
      WebsiteRedirectLocation: '/other',
    });
    const { Metadata } = await head('attributes');
    expect(Object.keys(Metadata ?? {})).toEqual(['color']);
  });

  test('what the head of the request says of its own body → says nothing of the object', async () => {
    const headers = { 'cache-control': 'max-age=0', 'content-language': 'fr', 'if-none-match': '*' };
    expect(await post({ fields: { key: 'head' }, headers })).toMatchObject({ status: 204 });
    expect(await post({ fields: { key: 'head' }, headers })).toMatchObject({ status: 204 });
    const stored = await head('head');
    expect([stored.CacheControl, stored.ContentLanguage]).toEqual([undefined, undefined]);
  });

  test.each([
    ['${filename}', 'photo.jpg', 'photo.jpg'],
    ['user/${filename}', 'C:\\Dokumente\\über uns.txt', 'user/über uns.txt'],
    ['${filename}/${filename}', '/photos/2026/x', 'x/x'],
    ['empty-${filename}', '', 'empty-'],
  ])('key %s with the file %s → %s', async (key, filename, stored) => {
    expect(await post({ fields: { key }, filename, file: key })).toMatchObject({ status: 204 });
    expect(await text(stored)).toBe(key);
  });

  test('${filename} in any field → the file’s name; in none where the file has no name', async () => {
    const fields = { key: 'named', 'x-amz-meta-name': 'is ${filename}' };
    await post({ fields, filename: 'a.txt' });
    expect((await head('named')).Metadata).toEqual({ name: 'is a.txt' });
    const own = { key: 'nameless-${filename}' };
    const signed = signedByV4({ bucket: Bucket, key: rootKey, conditions: [['starts-with', '$key', '']] });
    const body = formBody([...Object.entries({ ...own, ...signed }), ['file', 'x']]);
    expect(await postForm(`${daemon().endpoint}/${Bucket}`, body)).toMatchObject({ status: 204 });
    expect(await text('nameless-${filename}')).toBe('x');
  });

  test('tags as a document → stored; not one, or a bad one → refused', async () => {
    const tagging = (...tags: [string, string][]) =>
      `<Tagging><TagSet>${tags.map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`).join('')}</TagSet></Tagging>`;
    expect(await post({ fields: { key: 'tags', tagging: tagging(['a', 'x &amp; y'], ['ü', '']) } })).toMatchObject({
      status: 400,
      code: 'InvalidTag',
    });
    expect(await post({ fields: { key: 'tags', tagging: tagging(['a b', 'x=y+z'], ['ü', '']) } })).toMatchObject({
      status: 204,
    });
    const { TagSet } = await daemon().client.send(new GetObjectTaggingCommand({ Bucket, Key: 'tags' }));
    expect(TagSet).toEqual([
      { Key: 'a b', Value: 'x=y+z' },
      { Key: 'ü', Value: '' },
    ]);
    expect(await post({ fields: { tagging: 'not-xml' } })).toMatchObject({ code: 'MalformedXML' });
    expect(await post({ fields: { tagging: tagging(['a', '1'], ['a', '2']) } })).toMatchObject({ code: 'InvalidTag' });
  });

  test('checksums and Content-MD5 as fields → verified; a wrong one → nothing is stored', async () => {
    const sha256 = createHash('sha256').update('content').digest('base64');
    const md5 = createHash('md5').update('content').digest('base64');
    const right = {
      key: 'sums',
      'x-amz-checksum-sha256': sha256,
      'x-amz-checksum-algorithm': 'SHA256',
      'Content-MD5': md5,
    };
    const answer = await post({ fields: right });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('x-amz-checksum-sha256')).toBe(sha256);
    const wrong: (readonly [Record<string, string>, string])[] = [
      [{ 'x-amz-checksum-sha256': createHash('sha256').update('other').digest('base64') }, 'BadDigest'],
      [{ 'Content-MD5': createHash('md5').update('other').digest('base64') }, 'BadDigest'],
      [{ 'x-amz-checksum-sha256': 'sailorjerry' }, 'InvalidRequest'],
      [{ 'x-amz-checksum-algorithm': 'SHA256' }, 'InvalidRequest'],
      [{ 'Content-MD5': 'x' }, 'InvalidDigest'],
    ];
    for (const [fields, code] of wrong) {
      expect(await post({ fields: { key: 'bad', ...fields } }), code).toMatchObject({ status: 400, code });
    }
    expect(await isAbsent('bad')).toBe(true);
  });

  test('a versioned bucket → the version’s id', async () => {
    const bucket = await daemon().newBucket();
    await daemon().client.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const answer = await post({ bucket });
    expect(answer.headers.get('x-amz-version-id')).toBe((await head('k', bucket)).VersionId);
  });

  test('the host names the bucket → the same', async () => {
    const host = `${Bucket}.localhost:${daemon().port}`;
    const fields = { key: 'by-host', success_action_status: '201' };
    const conditions = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
    const signed = signedByV4({ bucket: Bucket, key: rootKey, conditions });
    const body = formBody([...Object.entries({ ...fields, ...signed }), ['file', 'x', 'f']]);
    const headers = { host, 'content-type': contentType };
    const answer = await sendWire({ method: 'POST', rawPath: '/', rawQuery: '', headers }, body);
    expect(answer.body).toContain(`<Location>http://${host}/by-host</Location>`);
  });
});

describe('what is answered', () => {
  test.each([
    ['200', 200],
    ['201', 201],
    ['204', 204],
    ['404', 204],
    ['', 204],
  ])('success_action_status %s → %i', async (success_action_status, status) => {
    const answer = await post({ fields: { key: 'a/b&c', success_action_status } });
    expect(answer.status).toBe(status);
    if (status !== 201) return expect(answer.body).toBe('');
    const location = `${daemon().endpoint}/${Bucket}/a%2Fb%26c`;
    expect(answer.headers.get('content-type')).toBe('application/xml');
    expect(answer.body).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${location}</Location><Bucket>${Bucket}</Bucket><Key>a/b&amp;c</Key><ETag>${etagOf('content').replaceAll('"', '&quot;')}</ETag></PostResponse>`,
    );
  });

  const told = () => `bucket=${Bucket}&key=dir%2Fa+b&etag=${encodeURIComponent(etagOf('content'))}`;
  test.each([
    ['success_action_redirect', 'http://example.com/done', (query: string) => `http://example.com/done?${query}`],
    ['redirect', 'https://example.com', (query: string) => `https://example.com/?${query}`],
    ['success_action_redirect', 'http://example.com/?a=b#c', (query: string) => `http://example.com/?a=b&${query}#c`],
    ['success_action_redirect', 'http://example.com/\r\nx: y', (query: string) => `http://example.com/x:%20y?${query}`],
  ] as const)('%s %s → 303', async (name, url, expected) => {
    const answer = await post({ fields: { key: 'dir/a b', [name]: url } });
    expect(answer).toMatchObject({ status: 303, body: '' });
    expect(answer.headers.get('location')).toBe(expected(told()));
  });

  test.each(['/relative', 'javascript:alert(1)', 'example.com', ''])(
    'a redirect to "%s" → as if there were none',
    async (url) => {
      expect(await post({ fields: { success_action_redirect: url } })).toMatchObject({ status: 204 });
    },
  );

  test('a form that is refused → the error, and no redirect', async () => {
    const fields = { success_action_redirect: 'http://example.com/', 'x-amz-storage-class': 'NONE' };
    expect(await post({ fields })).toMatchObject({ status: 400, code: 'InvalidStorageClass' });
  });
});

describe('who may post', () => {
  const account = '000000000000';
  let ann: SigningKey;
  let allow: (...statements: Record<string, unknown>[]) => Promise<unknown>;

  beforeAll(async () => {
    const iam = new IAMClient({ endpoint: daemon().endpoint, region, credentials: rootKey, maxAttempts: 1 });
    await iam.send(new CreateUserCommand({ UserName: 'ann' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ann' }));
    ann = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
    allow = (...statements) =>
      iam.send(
        new PutUserPolicyCommand({
          UserName: 'ann',
          PolicyName: 'own',
          PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
        }),
      );
  });

  const statement = (Action: string, more: Record<string, unknown> = {}) => ({
    Effect: 'Allow',
    Action,
    Resource: `arn:aws:s3:::${Bucket}/*`,
    ...more,
  });
  const tagging = '<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>';

  test('a user → what its policies let it, with the actions that fields ask for beside', async () => {
    const denied = { status: 403, code: 'AccessDenied' };
    expect(await post({ key: ann })).toMatchObject(denied);
    await allow(statement('s3:PutObject'));
    expect(await post({ key: ann, fields: { key: 'anns' } })).toMatchObject({ status: 204 });
    expect(await post({ key: ann, fields: { tagging } })).toMatchObject(denied);
    expect(await post({ key: ann, fields: { acl: 'public-read' } })).toMatchObject(denied);
    await allow(statement('s3:PutObject'), statement('s3:PutObjectTagging'));
    expect(await post({ key: ann, fields: { tagging } })).toMatchObject({ status: 204 });
  });

  const conditions: [name: string, condition: Record<string, unknown>, met: Form, unmet: Form][] = [
    ['s3:authType', { StringEquals: { 's3:authType': 'POST' } }, {}, {}],
    ['s3:signatureversion', { StringEquals: { 's3:signatureversion': 'AWS' } }, { sign: signedByV2 }, {}],
    [
      's3:signatureAge',
      { NumericLessThan: { 's3:signatureAge': '600000' } },
      {},
      { date: new Date(Date.now() - 3_600_000) },
    ],
    [
      's3:RequestObjectTag',
      { StringEquals: { 's3:RequestObjectTag/team': 'a' } },
      { fields: { tagging } },
      { fields: { tagging: tagging.replace('>a<', '>b<') } },
    ],
    [
      's3:x-amz-acl',
      { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } },
      { fields: { acl: 'bucket-owner-full-control' } },
      {},
    ],
    [
      's3:x-amz-storage-class',
      { StringEquals: { 's3:x-amz-storage-class': 'STANDARD_IA' } },
      { fields: { 'x-amz-storage-class': 'STANDARD_IA' } },
      { fields: { 'x-amz-storage-class': 'ONEZONE_IA' } },
    ],
    ['aws:UserAgent', { StringLike: { 'aws:UserAgent': 'Firefox*' } }, { headers: { 'user-agent': 'Firefox' } }, {}],
  ];
  test.each(conditions)('a condition on %s → asks the form', async (name, Condition, met, unmet) => {
    await allow(statement('s3:PutObject', { Condition }), statement('s3:PutObjectTagging'));
    expect(await post({ key: ann, ...met })).toMatchObject({ status: 204 });
    if (name !== 's3:authType') return expect(await post({ key: ann, ...unmet })).toMatchObject({ status: 403 });
    const s3 = new S3Client({
      ...{ endpoint: daemon().endpoint, region, maxAttempts: 1, forcePathStyle: true },
      credentials: ann,
    });
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject(
      refusal('AccessDenied', 403),
    );
  });

  test('a session’s key → its token is a field that the policy names', async () => {
    const sts = new STSClient({ endpoint: daemon().endpoint, region, credentials: ann, maxAttempts: 1 });
    await allow(statement('s3:*'));
    const { Credentials: session } = await sts.send(new GetSessionTokenCommand({}));
    const key = {
      accessKeyId: session?.AccessKeyId ?? '',
      secretAccessKey: session?.SecretAccessKey ?? '',
      sessionToken: session?.SessionToken ?? '',
    };
    for (const sign of [signedByV4, signedByV2]) {
      expect(await post({ key, sign })).toMatchObject({ status: 204 });
      const without = ({ 'x-amz-security-token': _, ...fields }: Record<string, string>) => fields;
      expect(await post({ key, sign, change: without })).toMatchObject({ status: 403, code: 'InvalidAccessKeyId' });
      const other = (fields: Record<string, string>) => ({ ...fields, 'x-amz-security-token': 'other' });
      expect(await post({ key, sign, change: other })).toMatchObject({ status: 400, code: 'InvalidToken' });
    }
  });

  test('nobody → where the bucket’s policy lets anybody, and nowhere else', async () => {
    const unsigned = (bucket: string, fields: Field[] = []) =>
      postForm(`${daemon().endpoint}/${bucket}`, formBody([['key', 'n'], ...fields, ['file', 'from nobody', 'f']]));
    expect(await unsigned(Bucket)).toMatchObject({ status: 403, code: 'AccessDenied' });
    // A policy that nobody has signed makes nobody of its sender.
    expect(await unsigned(Bucket, [['policy', 'e30=']])).toMatchObject({ status: 400, code: 'InvalidPolicyDocument' });
    const open = await daemon().newBucket();
    await daemon().client.send(new DeletePublicAccessBlockCommand({ Bucket: open }));
    const everybody = { ...statement('s3:PutObject'), Principal: '*', Resource: `arn:aws:s3:::${open}/*` };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [everybody] });
    await daemon().client.send(new PutBucketPolicyCommand({ Bucket: open, Policy }));
    expect(await unsigned(open)).toMatchObject({ status: 204 });
    expect(await text('n', open)).toBe('from nobody');
  });

  test('x-amz-expected-bucket-owner and a bucket that is not there → as for any request', async () => {
    const expecting = (owner: string) => post({ headers: { 'x-amz-expected-bucket-owner': owner } });
    expect(await expecting(account)).toMatchObject({ status: 204 });
    expect(await expecting('111111111111')).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(await post({ bucket: 'no-such-bucket' })).toMatchObject({ status: 404, code: 'NoSuchBucket' });
  });
});
