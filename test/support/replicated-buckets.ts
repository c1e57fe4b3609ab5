/** Buckets that are replicated, and what a test looks at in them. */
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  type ReplicationRule,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type Daemon, region, rootKey } from './daemon.ts';

export const role = 'arn:aws:iam::000000000000:role/replication';

const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const all = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] };

/** Makes a role that S3 may assume, and that may do what the policy says: all of S3 unless another is given. */
export async function makeRole(daemon: Daemon, RoleName = 'replication', policy: object = all): Promise<string> {
  const iam = new IAMClient({ endpoint: daemon.endpoint, region, credentials: rootKey, maxAttempts: 1 });
  try {
    const AssumeRolePolicyDocument = JSON.stringify(trust);
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = JSON.stringify(policy);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    return Role?.Arn ?? '';
  } finally {
    iam.destroy();
  }
}

/** A user that may do some things in all buckets; returns its key. */
export async function newUser({ endpoint }: Daemon, UserName: string, Action: readonly string[]) {
  const iam = new IAMClient({ endpoint, region, credentials: rootKey, maxAttempts: 1 });
  try {
    await iam.send(new CreateUserCommand({ UserName }));
    const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] };
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument: JSON.stringify(policy) }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  } finally {
    iam.destroy();
  }
}

export async function newVersioned(daemon: Daemon): Promise<string> {
  const Bucket = await daemon.newBucket();
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  return Bucket;
}

/** A rule that replicates everything, markers too, with what a test wants to be different. */
export function ruleTo(bucket: string, different: Partial<ReplicationRule> = {}): ReplicationRule {
  return {
    ID: `to-${bucket}`,
    Priority: 1,
    Status: 'Enabled',
    Filter: { Prefix: '' },
    DeleteMarkerReplication: { Status: 'Enabled' },
    Destination: { Bucket: `arn:aws:s3:::${bucket}` },
    ...different,
  };
}

export async function putRules(client: S3Client, Bucket: string, Rules: ReplicationRule[], Role = role): Promise<void> {
  await client.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: { Role, Rules } }));
}

/** `x-amz-replication-status` of an object. */
export async function statusOf(client: S3Client, Bucket: string, Key: string): Promise<string | undefined> {
  return (await client.send(new HeadObjectCommand({ Bucket, Key }))).ReplicationStatus;
}

/** What listings say of all versions and markers, newest first within a key, without whose they are. */
export async function versionsOf(client: S3Client, Bucket: string): Promise<readonly object[]> {
  const found: object[] = [];
  for (let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; markers !== undefined; ) {
    const page: Awaited<ReturnType<typeof list>> = await list(client, Bucket, markers);
    const entries = [
      ...(page.Versions ?? []).map((one) => ({ ...one, kind: 'version' })),
      ...(page.DeleteMarkers ?? []).map((one) => ({ ...one, kind: 'marker' })),
    ];
    found.push(...entries.map(({ Owner: _whose, ...entry }) => entry));
    markers = page.IsTruncated
      ? { KeyMarker: page.NextKeyMarker ?? '', VersionIdMarker: page.NextVersionIdMarker ?? '' }
      : undefined;
  }
  return found;
}

function list(client: S3Client, Bucket: string, markers: { KeyMarker?: string; VersionIdMarker?: string }) {
  return client.send(new ListObjectVersionsCommand({ Bucket, ...markers }));
}
