/**
 * What attacks are played against: a server with something worth stealing, and the proof after each attack that nothing
 * was read, changed or left behind.
 *
 *     const stage = useAttackStage();
 *     test('…', async () => { expectRepelled(await stage().requests.send(…)); });
 */
import {
  CreateMultipartUploadCommand,
  GetBucketAclCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeAll, expect } from 'vitest';
import type { Daemon } from './daemon.ts';
import type { RawAnswer } from './raw-http.ts';
import { useDaemon } from './use-daemon.ts';

/** What stands in the objects that no attacker may read. */
export const secretText = 'THE-TREASURE-ITSELF';
/** The bucket that holds them. */
export const treasure = 'treasure';
/** A key whose user may do nothing. */
export const mallory = { accessKeyId: 'mallory-key', secretAccessKey: 'mallorys-secret' };
/** A key whose user may read and write one bucket, `yard`, and nothing else. */
export const alice = { accessKeyId: 'alice-key', secretAccessKey: 'alices-secret' };
export const yard = 'yard';
/** The root of another account. */
export const stranger = { accessKeyId: 'stranger-key', secretAccessKey: 'strangers-secret' };
export const ownAccount = '000000000000';
export const otherAccount = '222222222222';

/** As text at once: SDK clients write into the credentials that they are given. */
const config = JSON.stringify({
  signatureVersion2: true,
  buckets: [{ name: treasure, versioned: true }, { name: yard }],
  accounts: [
    {
      id: ownAccount,
      users: [
        { name: 'mallory', keys: [mallory] },
        {
          name: 'alice',
          keys: [alice],
          inlinePolicies: { yard: allow('s3:*', [`arn:aws:s3:::${yard}`, `arn:aws:s3:::${yard}/*`]) },
        },
      ],
    },
    { id: otherAccount, rootKey: stranger },
  ],
});

export interface AttackStage {
  readonly daemon: Daemon;
  /** Two versions of the object `secret`, the older first. */
  readonly versionIds: readonly [string, string];
  /** Of an upload of `growing` that has begun. */
  readonly uploadId: string;
}

/** Policies as one statement. */
export function allow(action: string | readonly string[], resource: string | readonly string[] = '*') {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: resource }] };
}

/** A server of the file's own; after each test everything in it must be as it was. */
export function useAttackStage(): () => AttackStage {
  const daemon = useDaemon({ config });
  let stage: AttackStage | undefined;
  let before = '';
  beforeAll(async () => {
    stage = await furnish(daemon());
    before = await stateOf(daemon());
  });
  afterEach(async () => {
    expect(await stateOf(daemon()), 'what an attack has changed').toBe(before);
  });
  return () => {
    if (stage === undefined) throw new Error('the stage stands during tests only');
    return stage;
  };
}

async function furnish(daemon: Daemon): Promise<AttackStage> {
  const { client } = daemon;
  const put = async () => {
    const made = await client.send(new PutObjectCommand({ Bucket: treasure, Key: 'secret', Body: secretText }));
    return made.VersionId ?? '';
  };
  const versionIds = [await put(), await put()] as const;
  await client.send(new PutObjectCommand({ Bucket: yard, Key: 'grass', Body: 'grass' }));
  await client.send(
    new PutBucketTaggingCommand({ Bucket: treasure, Tagging: { TagSet: [{ Key: 'owner', Value: 'root' }] } }),
  );
  const upload = await client.send(new CreateMultipartUploadCommand({ Bucket: treasure, Key: 'growing' }));
  return { daemon, versionIds, uploadId: upload.UploadId ?? '' };
}

/** Everything that is in the buckets of both accounts, and the process that serves them. */
async function stateOf(daemon: Daemon): Promise<string> {
  const { client } = daemon;
  const { Buckets = [] } = await client.send(new ListBucketsCommand({}));
  const buckets = await Promise.all(Buckets.map(({ Name = '' }) => bucketState(client, Name)));
  return JSON.stringify({ pid: daemon.pid, buckets }, undefined, 1);
}

async function bucketState(client: S3Client, Bucket: string): Promise<unknown> {
  const absent = () => undefined;
  const [versions, uploads, acl, policy, tagging] = await Promise.all([
    client.send(new ListObjectVersionsCommand({ Bucket })),
    client.send(new ListMultipartUploadsCommand({ Bucket })),
    client.send(new GetBucketAclCommand({ Bucket })),
    client.send(new GetBucketPolicyCommand({ Bucket })).catch(absent),
    client.send(new GetBucketTaggingCommand({ Bucket })).catch(absent),
  ]);
  return {
    Bucket,
    versions: versions.Versions,
    markers: versions.DeleteMarkers,
    uploads: uploads.Uploads?.map(({ Key, UploadId }) => ({ Key, UploadId })),
    grants: acl.Grants,
    policy: policy?.Policy,
    tags: tagging?.TagSet,
  };
}

/** Refused as the client's fault or as what there is not, or the connection closed; and nothing given away. */
export function expectRepelled(answer: Pick<RawAnswer, 'status' | 'body'>): void {
  expect(answer.body).not.toContain(secretText);
  if (answer.status === 0 || answer.status === 501) return;
  expect(answer.status, answer.body).toBeGreaterThanOrEqual(400);
  expect(answer.status, answer.body).toBeLessThan(500);
}
