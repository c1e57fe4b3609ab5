/** Access control lists on buckets that have them (`bucketDefaults: legacy`): setting, reading, and what they grant to anybody. */
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketAclCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  type Grant,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ObjectCannedACL,
  PutBucketAclCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  DeletePublicAccessBlockCommand as DeleteOfAccount,
  PutPublicAccessBlockCommand as PutOfAccount,
} from '@aws-sdk/client-s3-control';
import { beforeAll, describe, expect, test } from 'vitest';
import { controlClient } from '../support/control-client.ts';
import { rootKey } from '../support/daemon.ts';
import type { RawAnswer } from '../support/raw-http.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ config: 'bucketDefaults: legacy' });
const { send, sendWire } = signedRequests(daemon);
const allUsers = 'http://acs.amazonaws.com/groups/global/AllUsers';
const anonymousId = '65a011a29cdf8ec533ec3d1ccaae921c';

let owner: { ID: string; DisplayName: string };
beforeAll(async () => {
  const { Owner } = await daemon().client.send(new ListBucketsCommand({}));
  owner = { ID: Owner?.ID ?? '', DisplayName: Owner?.DisplayName ?? '' };
});

const all = (): Grant => ({ Grantee: { Type: 'CanonicalUser', ...owner }, Permission: 'FULL_CONTROL' });
const everybody = (Permission: Grant['Permission']): Grant => ({
  Grantee: { Type: 'Group', URI: allUsers },
  Permission,
});

interface Named {
  readonly Bucket: string;
  readonly Key: string;
  readonly VersionId?: string | undefined;
}
const objectAcl = (named: Named) => daemon().client.send(new GetObjectAclCommand(named));
const bucketAcl = (Bucket: string) => daemon().client.send(new GetBucketAclCommand({ Bucket }));
const put = (named: Named, input: { ACL?: ObjectCannedACL; GrantRead?: string; GrantFullControl?: string } = {}) =>
  daemon().client.send(new PutObjectCommand({ Bucket: named.Bucket, Key: named.Key, Body: 'kept', ...input }));

/** A request that nobody has signed. */
const ask = (method: string, path: string, { query = '', headers = {}, body = '' } = {}): Promise<RawAnswer> => {
  const host = `127.0.0.1:${daemon().port}`;
  return sendWire({ method, rawPath: path, rawQuery: query, headers: { host, ...headers } }, body);
};

describe('of a bucket', () => {
  test('one that was just made → its owner has FULL_CONTROL, and it has no ownership controls', async () => {
    const Bucket = await daemon().newBucket();
    expect(await bucketAcl(Bucket)).toMatchObject({ Owner: owner, Grants: [all()] });
    await expect(daemon().client.send(new GetBucketOwnershipControlsCommand({ Bucket }))).rejects.toMatchObject(
      refusal('OwnershipControlsNotFoundError', 404, { BucketName: Bucket }),
    );
  });

  test('made, or made again, with one → that one; made again without → the default', async () => {
    const Bucket = 'made-public';
    const create = (input = {}) => daemon().client.send(new CreateBucketCommand({ Bucket, ...input }));
    await create({ ACL: 'public-read' });
    expect((await bucketAcl(Bucket)).Grants).toEqual([everybody('READ'), all()]);
    await create({ GrantWrite: `uri="${allUsers}"` });
    expect((await bucketAcl(Bucket)).Grants).toEqual([everybody('WRITE')]);
    await create();
    expect((await bucketAcl(Bucket)).Grants).toEqual([all()]);
  });

  test('canned, by headers, by document → what GetBucketAcl answers, also after a restart', async () => {
    const Bucket = await daemon().newBucket();
    const set = (input: object) => daemon().client.send(new PutBucketAclCommand({ Bucket, ...input }));
    await set({ ACL: 'log-delivery-write' });
    expect((await bucketAcl(Bucket)).Grants?.map(({ Permission }) => Permission)).toEqual([
      'WRITE',
      'READ_ACP',
      'FULL_CONTROL',
    ]);
    await set({ GrantReadACP: `uri=${allUsers}`, GrantFullControl: `id=${owner.ID}` });
    expect((await bucketAcl(Bucket)).Grants).toEqual([everybody('READ_ACP'), all()]);
    const Grants = [all(), everybody('WRITE')];
    await set({ AccessControlPolicy: { Owner: owner, Grants } });
    await daemon().restart();
    expect((await bucketAcl(Bucket)).Grants).toEqual([everybody('WRITE'), all()]);
    await set({ AccessControlPolicy: { Owner: owner, Grants: [] } });
    expect((await bucketAcl(Bucket)).Grants ?? []).toEqual([]);
    await set({ ACL: 'private' });
    expect((await bucketAcl(Bucket)).Grants).toEqual([all()]);
  });

  const user = (id: string): string =>
    `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${id}</ID></Grantee>`;
  const policy = (grants: string): string =>
    `<AccessControlPolicy><Owner><ID>${owner.ID}</ID></Owner><AccessControlList>${grants}</AccessControlList></AccessControlPolicy>`;
  const documents: readonly (readonly [what: string, body: () => string, status: number, code: string])[] = [
    ['no XML', () => '<Access', 400, 'MalformedACLError'],
    ['another document', () => '<Tagging/>', 400, 'MalformedACLError'],
    ['an unknown element', () => policy('<Deny/>'), 400, 'MalformedACLError'],
    [
      'a grantee without a type',
      () => policy('<Grant><Grantee><ID>a</ID></Grantee></Grant>'),
      400,
      'MalformedACLError',
    ],
    [
      'an unknown permission',
      () => policy(`<Grant>${user('a')}<Permission>ALL</Permission></Grant>`),
      400,
      'MalformedACLError',
    ],
    [
      'an unknown user',
      () => policy(`<Grant>${user('a')}<Permission>READ</Permission></Grant>`),
      400,
      'InvalidArgument',
    ],
    ['another owner', () => policy('').replace(owner.ID, 'another'), 403, 'AccessDenied'],
    ['nothing', () => '', 400, 'MissingSecurityHeader'],
  ];
  test.for(documents)('a document of %s → refused, and the list stays', async ([, body, status, code]) => {
    const Bucket = await daemon().newBucket();
    const answer = await send({ method: 'PUT', path: `/${Bucket}`, query: [['acl', '']], body: body() });
    expect([answer.status, answer.code], answer.body).toEqual([status, code]);
    expect((await bucketAcl(Bucket)).Grants).toEqual([all()]);
  });

  test('a document and a header → UnexpectedContent; a name that is none → InvalidArgument', async () => {
    const request = { method: 'PUT', path: `/${await daemon().newBucket()}`, query: [['acl', '']] } as const;
    const both = await send({ ...request, headers: { 'x-amz-acl': 'private' }, body: policy('') });
    expect([both.status, both.code]).toEqual([400, 'UnexpectedContent']);
    const unknown = await send({ ...request, headers: { 'x-amz-acl': 'open' } });
    expect([unknown.status, unknown.code]).toEqual([400, 'InvalidArgument']);
  });
});

describe('of an object', () => {
  test('put, copied, uploaded in parts → as the request says; a copy takes none from its source', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    await put({ Bucket, Key: 'plain' });
    await put({ Bucket, Key: 'put' }, { ACL: 'public-read' });
    await put({ Bucket, Key: 'granted' }, { GrantFullControl: `uri=${allUsers}` });
    const CopySource = `${Bucket}/put`;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
    await client.send(new CopyObjectCommand({ Bucket, Key: 'open-copy', CopySource, ACL: 'public-read' }));
    const inParts = { Bucket, Key: 'parts' };
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...inParts, ACL: 'public-read' }));
    const { ETag } = await client.send(new UploadPartCommand({ ...inParts, UploadId, PartNumber: 1, Body: 'x' }));
    const Parts: CompletedPart[] = [{ PartNumber: 1, ETag }];
    await client.send(new CompleteMultipartUploadCommand({ ...inParts, UploadId, MultipartUpload: { Parts } }));
    const open = [everybody('READ'), all()];
    const expected = { plain: [all()], put: open, granted: [everybody('FULL_CONTROL')], copy: [all()] };
    for (const [Key, Grants] of Object.entries({ ...expected, 'open-copy': open, parts: open })) {
      expect(await objectAcl({ Bucket, Key }), Key).toMatchObject({ Owner: owner, Grants });
    }
  });

  test('set on a version → on that one alone, named in x-amz-version-id, and its date stays', async () => {
    const { client } = daemon();
    const Bucket = await daemon().newBucket();
    const VersioningConfiguration = { Status: 'Enabled' } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    const { VersionId } = await put({ Bucket, Key: 'k' });
    const { VersionId: newer } = await put({ Bucket, Key: 'k' });
    const before = await send({ method: 'HEAD', path: `/${Bucket}/k`, query: [['versionId', VersionId ?? '']] });
    const query = [
      ['acl', ''],
      ['versionId', VersionId ?? ''],
    ] as const;
    const set = await send({ method: 'PUT', path: `/${Bucket}/k`, query, headers: { 'x-amz-acl': 'public-read' } });
    expect([set.status, set.headers.get('x-amz-version-id')]).toEqual([200, VersionId]);
    const read = await send({ method: 'GET', path: `/${Bucket}/k`, query });
    expect(read.headers.get('x-amz-version-id')).toBe(VersionId);
    expect((await objectAcl({ Bucket, Key: 'k', VersionId })).Grants).toEqual([everybody('READ'), all()]);
    expect((await objectAcl({ Bucket, Key: 'k', VersionId: newer })).Grants).toEqual([all()]);
    expect((await objectAcl({ Bucket, Key: 'k' })).Grants).toEqual([all()]);
    const after = await send({ method: 'HEAD', path: `/${Bucket}/k`, query: [['versionId', VersionId ?? '']] });
    expect(after.headers.get('last-modified')).toBe(before.headers.get('last-modified'));
    expect((await ask('GET', `/${Bucket}/k`, { query: `versionId=${VersionId}` })).body).toBe('kept');
    expect((await ask('GET', `/${Bucket}/k`)).status).toBe(403);
  });

  test('of a key that is not there → NoSuchKey', async () => {
    const named = { Bucket: await daemon().newBucket(), Key: 'none' };
    await expect(objectAcl(named)).rejects.toMatchObject(refusal('NoSuchKey', 404));
    const set = new PutObjectAclCommand({ ...named, ACL: 'private' });
    await expect(daemon().client.send(set)).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });

  test.each([
    [{ GrantRead: 'emailAddress="a@example.org"' }, 'UnresolvableGrantByEmailAddress'],
    [{ GrantRead: 'id="nobody"' }, 'InvalidArgument'],
    [{ ACL: 'private', GrantRead: `uri=${allUsers}` }, 'InvalidRequest'],
    [{ ACL: 'log-delivery-write' as ObjectCannedACL }, 'InvalidArgument'],
  ] as const)('put with %o → %s, and nothing is stored', async (input, code) => {
    const named = { Bucket: await daemon().newBucket(), Key: 'k' };
    await expect(put(named, input)).rejects.toMatchObject(refusal(code, 400));
    await expect(objectAcl(named)).rejects.toMatchObject(refusal('NoSuchKey', 404));
  });
});

describe('what anybody may do', () => {
  async function bucketOf(bucketAclName: 'private' | 'public-read' | 'public-read-write'): Promise<string> {
    const Bucket = await daemon().newBucket();
    await daemon().client.send(new PutBucketAclCommand({ Bucket, ACL: bucketAclName }));
    await put({ Bucket, Key: 'closed' });
    await put({ Bucket, Key: 'open' }, { ACL: 'public-read' });
    return `/${Bucket}`;
  }
  const statuses = async (path: string) =>
    Promise.all([
      ask('GET', path),
      ask('GET', path, { query: 'versions' }),
      ask('HEAD', path),
      ask('GET', `${path}/open`),
      ask('GET', `${path}/closed`),
      ask('GET', `${path}/none`),
      ask('PUT', `${path}/new`, { body: 'x' }),
    ]).then((answers) => answers.map(({ status }) => status));

  test.for([
    ['private', [403, 403, 403, 200, 403, 403, 403]],
    ['public-read', [200, 200, 200, 200, 403, 404, 403]],
    ['public-read-write', [200, 200, 200, 200, 403, 404, 200]],
  ] as const)('a %s bucket → list, versions, head, open, closed, missing, put: %j', async ([acl, expected]) => {
    expect(await statuses(await bucketOf(acl))).toEqual(expected);
  });

  test('what nobody wrote → is nobody’s: read and deleted by anybody, while the others’ stays', async () => {
    const path = await bucketOf('public-read-write');
    expect((await ask('PUT', `${path}/new`, { body: 'theirs' })).status).toBe(200);
    expect((await ask('GET', `${path}/new`)).body).toBe('theirs');
    expect(await objectAcl({ Bucket: path.slice(1), Key: 'new' })).toMatchObject({ Owner: { ID: anonymousId } });
    const { Contents } = await daemon().client.send(
      new ListObjectsV2Command({ Bucket: path.slice(1), FetchOwner: true }),
    );
    expect(Contents?.map(({ Owner }) => Owner?.ID)).toEqual([owner.ID, anonymousId, owner.ID]);
    expect((await ask('DELETE', `${path}/open`)).status).toBe(403);
    expect((await ask('DELETE', `${path}/new`, { query: 'versionId=null' })).status).toBe(403);
    expect((await ask('DELETE', `${path}/new`)).status).toBe(204);
    expect((await send({ method: 'GET', path: `${path}/new` })).status).toBe(404);
  });

  test('BucketOwnerPreferred → what is handed over is the owner’s', async () => {
    const path = await bucketOf('public-read-write');
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' as const }] };
    await daemon().client.send(new PutBucketOwnershipControlsCommand({ Bucket: path.slice(1), OwnershipControls }));
    const headers = { 'x-amz-acl': 'bucket-owner-full-control' };
    expect((await ask('PUT', `${path}/handed-over`, { headers, body: 'x' })).status).toBe(200);
    expect((await ask('PUT', `${path}/kept`, { body: 'x' })).status).toBe(200);
    const ownerOf = async (Key: string) => (await objectAcl({ Bucket: path.slice(1), Key })).Owner?.ID;
    expect(await Promise.all(['handed-over', 'kept'].map(ownerOf))).toEqual([owner.ID, anonymousId]);
  });

  test('lists → read and written where that is granted', async () => {
    const path = await bucketOf('private');
    for (const target of [path, `${path}/closed`]) {
      expect((await ask('GET', target, { query: 'acl' })).status).toBe(403);
      const query = [['acl', '']] as const;
      const headers = { 'x-amz-grant-read-acp': `uri=${allUsers}`, 'x-amz-grant-write-acp': `uri=${allUsers}` };
      expect((await send({ method: 'PUT', path: target, query, headers })).status).toBe(200);
      expect((await ask('GET', target, { query: 'acl' })).body).toContain('<Permission>READ_ACP</Permission>');
      expect((await ask('GET', target)).status).toBe(403);
      const opened = await ask('PUT', target, { query: 'acl', headers: { 'x-amz-acl': 'public-read' } });
      expect([opened.status, opened.code]).toEqual([200, undefined]);
      expect((await ask('GET', target)).status).toBe(200);
    }
  });

  test('WRITE on the bucket alone → a new object with tags and an ACL of its own, also over one that is another’s', async () => {
    const path = await bucketOf('private');
    const headers = { 'x-amz-tagging': 'a=b', 'x-amz-acl': 'public-read' };
    expect((await ask('PUT', `${path}/closed`, { headers })).status).toBe(403);
    const grant = { 'x-amz-grant-write': `uri=${allUsers}` };
    expect((await send({ method: 'PUT', path, query: [['acl', '']], headers: grant })).status).toBe(200);
    for (const key of ['new', 'closed']) {
      expect((await ask('PUT', `${path}/${key}`, { headers })).status).toBe(200);
      expect((await ask('GET', `${path}/${key}`)).status).toBe(200);
      // What is there already stays its owner's to tag.
      expect((await ask('PUT', `${path}/open`, { query: 'tagging' })).status).toBe(403);
    }
  });

  test('copies and multipart uploads → refused by name, whatever is granted', async () => {
    const path = await bucketOf('public-read-write');
    const upload = await ask('POST', `${path}/new`, { query: 'uploads' });
    expect([upload.code, upload.body]).toEqual(['AccessDenied', expect.stringContaining('initiate multipart uploads')]);
    const copy = await ask('PUT', `${path}/new`, { headers: { 'x-amz-copy-source': `${path}/open` } });
    expect([copy.code, copy.body]).toEqual(['AccessDenied', expect.stringContaining('cannot copy objects')]);
  });

  test('IgnorePublicAcls → nothing, until it is lifted; BlockPublicAcls → no new public lists', async () => {
    const path = await bucketOf('public-read-write');
    const Bucket = path.slice(1);
    const block = (PublicAccessBlockConfiguration: object) =>
      daemon().client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    await block({ IgnorePublicAcls: true });
    expect(await statuses(path)).toEqual([403, 403, 403, 403, 403, 403, 403]);
    await block({ BlockPublicAcls: true });
    expect(await statuses(path)).toEqual([200, 200, 200, 200, 403, 404, 200]);
    const denied = refusal('AccessDenied', 403);
    await expect(put({ Bucket, Key: 'k' }, { ACL: 'public-read' })).rejects.toMatchObject(denied);
    await expect(put({ Bucket, Key: 'k' }, { GrantRead: `uri=${allUsers}` })).rejects.toMatchObject(denied);
    const setBucket = new PutBucketAclCommand({ Bucket, ACL: 'authenticated-read' });
    await expect(daemon().client.send(setBucket)).rejects.toMatchObject(denied);
    const setObject = new PutObjectAclCommand({ Bucket, Key: 'closed', ACL: 'public-read' });
    await expect(daemon().client.send(setObject)).rejects.toMatchObject(denied);
    await put({ Bucket, Key: 'k' }, { ACL: 'private' });
  });

  test('BlockPublicAcls of the account → no new bucket with a public list either', async () => {
    const account = { AccountId: '000000000000' };
    const control = controlClient(daemon(), rootKey);
    const PublicAccessBlockConfiguration = { BlockPublicAcls: true };
    await control.send(new PutOfAccount({ ...account, PublicAccessBlockConfiguration }));
    const make = () => daemon().client.send(new CreateBucketCommand({ Bucket: 'public-one', ACL: 'public-read' }));
    await expect(make()).rejects.toMatchObject(refusal('InvalidBucketAclWithBlockPublicAccessError', 400));
    await control.send(new DeleteOfAccount(account));
    await make();
  });
});

test('rules of objects’ lives that say nothing of sizes → archives take any size, as before 2024', async () => {
  const Bucket = await daemon().newBucket();
  const { client } = daemon();
  const Transitions = [{ Days: 1, StorageClass: 'GLACIER' } as const];
  const Rules = [{ ID: 'r', Status: 'Enabled', Filter: { Prefix: '' }, Transitions } as const];
  await client.send(
    new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [...Rules] } }),
  );
  const given = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(given.TransitionDefaultMinimumObjectSize).toBe('varies_by_storage_class');
});
