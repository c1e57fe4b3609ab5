/** Buckets as AWS makes them: ACLs disabled and public access blocked, and how either is changed. */
import {
  CreateBucketCommand,
  DeleteBucketOwnershipControlsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetPublicAccessBlockCommand,
  type ObjectOwnership,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ environment: { NINEFOLD_BUCKETS: 'open-to-all:public' } });
const { send, sendWire } = signedRequests(daemon);
const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };

async function ownershipOf(Bucket: string): Promise<ObjectOwnership | undefined> {
  const { OwnershipControls } = await daemon().client.send(new GetBucketOwnershipControlsCommand({ Bucket }));
  return OwnershipControls?.Rules?.[0]?.ObjectOwnership;
}
const setOwnership = (Bucket: string, ...ownerships: ObjectOwnership[]) => {
  const OwnershipControls = { Rules: ownerships.map((ObjectOwnership) => ({ ObjectOwnership })) };
  return daemon().client.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
};
const blockOf = async (Bucket: string) =>
  (await daemon().client.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration;
const setBlock = (Bucket: string, PublicAccessBlockConfiguration: object) =>
  daemon().client.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
const unsigned = (path: string) => {
  const headers = { host: `127.0.0.1:${daemon().port}` };
  return sendWire({ method: 'GET', rawPath: path, rawQuery: '', headers });
};

describe('a new bucket', () => {
  test('→ BucketOwnerEnforced and all public access blocked, also after a restart', async () => {
    const Bucket = await daemon().newBucket();
    await daemon().restart();
    expect(await ownershipOf(Bucket)).toBe('BucketOwnerEnforced');
    expect(await blockOf(Bucket)).toEqual(all);
    const status = new GetBucketPolicyStatusCommand({ Bucket });
    await expect(daemon().client.send(status)).rejects.toMatchObject(refusal('NoSuchBucketPolicy', 404));
  });

  test.each(['BucketOwnerPreferred', 'ObjectWriter'] as const)(
    'with %s → that, and a list that is not public',
    async (ObjectOwnership) => {
      const Bucket = `made-${ObjectOwnership.toLowerCase()}`;
      const create = { Bucket, ObjectOwnership, ACL: 'aws-exec-read' as 'private' };
      await daemon().client.send(new CreateBucketCommand(create));
      expect(await ownershipOf(Bucket)).toBe(ObjectOwnership);
      expect(await blockOf(Bucket)).toEqual(all);
      const { Grants } = await daemon().client.send(new GetBucketAclCommand({ Bucket }));
      expect(Grants?.map(({ Permission }) => Permission)).toEqual(['FULL_CONTROL', 'READ']);
    },
  );
});

describe('where ACLs are disabled', () => {
  test('reading them → the owner has FULL_CONTROL', async () => {
    const Bucket = await daemon().newBucket();
    const { client } = daemon();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    const full = [{ Grantee: { Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }];
    expect(await client.send(new GetBucketAclCommand({ Bucket }))).toMatchObject({ Grants: full });
    expect(await client.send(new GetObjectAclCommand({ Bucket, Key: 'k' }))).toMatchObject({ Grants: full });
  });

  test('setting them → AccessControlListNotSupported; a put that gives the owner all → accepted', async () => {
    const Bucket = await daemon().newBucket();
    const { client } = daemon();
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    const refused = refusal('AccessControlListNotSupported', 400);
    const setBucket = new PutBucketAclCommand({ Bucket, ACL: 'private' });
    await expect(client.send(setBucket)).rejects.toMatchObject(refused);
    const setObject = new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'bucket-owner-full-control' });
    await expect(client.send(setObject)).rejects.toMatchObject(refused);
    const { Owner } = await client.send(new GetBucketAclCommand({ Bucket }));
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', GrantFullControl: `id="${Owner?.ID}"` }));
    const more = { GrantFullControl: `id="${Owner?.ID}"`, GrantRead: `id="${Owner?.ID}"` };
    await expect(client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ...more }))).rejects.toMatchObject(
      refused,
    );
  });

  test('lists given before → without effect, and back in effect once ACLs are enabled', async () => {
    const Bucket = await daemon().newBucket();
    const { client } = daemon();
    await setBlock(Bucket, {});
    await setOwnership(Bucket, 'ObjectWriter');
    await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', ACL: 'public-read' }));
    expect((await unsigned(`/${Bucket}/k`)).body).toBe('x');
    await setOwnership(Bucket, 'BucketOwnerEnforced');
    expect((await unsigned(`/${Bucket}/k`)).status).toBe(403);
    const { Grants } = await client.send(new GetObjectAclCommand({ Bucket, Key: 'k' }));
    expect(Grants).toHaveLength(1);
    await client.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
    expect((await unsigned(`/${Bucket}/k`)).body).toBe('x');
  });

  test('disabling them on a bucket whose list grants to others → InvalidBucketAclWithObjectOwnership', async () => {
    const Bucket = await daemon().newBucket();
    await setOwnership(Bucket, 'BucketOwnerPreferred');
    const setAcl = (ACL: 'private' | 'log-delivery-write') =>
      daemon().client.send(new PutBucketAclCommand({ Bucket, ACL: ACL as 'private' }));
    await setAcl('log-delivery-write');
    await expect(setOwnership(Bucket, 'BucketOwnerEnforced')).rejects.toMatchObject(
      refusal('InvalidBucketAclWithObjectOwnership', 400),
    );
    expect(await ownershipOf(Bucket)).toBe('BucketOwnerPreferred');
    await setAcl('private');
    await setOwnership(Bucket, 'BucketOwnerEnforced');
  });
});

describe('ownership controls', () => {
  test('deleted → OwnershipControlsNotFoundError; deleted again → 204', async () => {
    const Bucket = await daemon().newBucket();
    for (let times = 0; times < 2; times++) {
      const { $metadata } = await daemon().client.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
      expect($metadata.httpStatusCode).toBe(204);
    }
    await expect(ownershipOf(Bucket)).rejects.toMatchObject(refusal('OwnershipControlsNotFoundError', 404));
  });

  test('two rules, none, or one that is none → MalformedXML, and it stays', async () => {
    const Bucket = await daemon().newBucket();
    const malformed = refusal('MalformedXML', 400);
    await expect(setOwnership(Bucket, 'ObjectWriter', 'ObjectWriter')).rejects.toMatchObject(malformed);
    await expect(setOwnership(Bucket)).rejects.toMatchObject(malformed);
    await expect(setOwnership(Bucket, 'Nobody' as ObjectOwnership)).rejects.toMatchObject(malformed);
    expect(await ownershipOf(Bucket)).toBe('BucketOwnerEnforced');
  });
});

describe('public access block', () => {
  test('set in part → the rest is false; deleted → NoSuchPublicAccessBlockConfiguration', async () => {
    const Bucket = await daemon().newBucket();
    await setBlock(Bucket, { IgnorePublicAcls: true });
    const none = { BlockPublicAcls: false, BlockPublicPolicy: false, RestrictPublicBuckets: false };
    expect(await blockOf(Bucket)).toEqual({ ...none, IgnorePublicAcls: true });
    const { $metadata } = await daemon().client.send(new DeletePublicAccessBlockCommand({ Bucket }));
    expect($metadata.httpStatusCode).toBe(204);
    await expect(blockOf(Bucket)).rejects.toMatchObject(
      refusal('NoSuchPublicAccessBlockConfiguration', 404, { BucketName: Bucket }),
    );
  });

  test('RestrictPublicBuckets on a bucket that was made public → closed', async () => {
    const path = '/open-to-all/k';
    await send({ method: 'PUT', path, body: 'x' });
    await expect(blockOf('open-to-all')).rejects.toMatchObject({ name: 'NoSuchPublicAccessBlockConfiguration' });
    expect((await unsigned(path)).body).toBe('x');
    await setBlock('open-to-all', { RestrictPublicBuckets: true });
    expect((await unsigned(path)).status).toBe(403);
    await setBlock('open-to-all', { IgnorePublicAcls: true });
    expect((await unsigned(path)).body).toBe('x');
  });
});
