/** The configuration documents of a bucket that decide on access: their kinds, their form, and what a new bucket has. */
import { z } from 'zod';
import type { Bucket, Grant } from '../meta/records.ts';
import type { BucketAccess, ObjectOwnership, PublicAccessBlock } from './access.ts';
import type { BucketDefaults } from './bucket-defaults.ts';
import { newBucketEncryption } from './bucket-encryption.ts';
import { readBucketTags } from './bucket-tags.ts';
import type { Buckets } from './types.ts';

const kinds = {
  ownership: 'ownership',
  block: 'public-access-block',
  acl: 'acl',
  publicRead: 'public-read',
  policy: 'policy',
  requesterPays: 'requester-pays',
  abac: 'abac',
} as const;

const ownershipSchema = z.strictObject({
  objectOwnership: z.enum(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']),
});
const blockSchema = z.strictObject({
  blockPublicAcls: z.boolean(),
  ignorePublicAcls: z.boolean(),
  blockPublicPolicy: z.boolean(),
  restrictPublicBuckets: z.boolean(),
});
const granteeSchema = z.union([
  z.strictObject({ id: z.string() }),
  z.strictObject({ group: z.enum(['AllUsers', 'AuthenticatedUsers', 'LogDelivery']) }),
]);
const aclSchema = z.array(
  z.strictObject({
    grantee: granteeSchema,
    permission: z.enum(['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP']),
  }),
);

const abacSchema = z.strictObject({ isEnabled: z.boolean() });

const openBlock: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};
const fullBlock: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};

/** The documents that say how a new bucket is: for `create`, which stores them with it. */
export interface NewBucketAccess {
  readonly defaults: BucketDefaults;
  /** Instead of the default. */
  readonly ownership?: ObjectOwnership | undefined;
  readonly acl?: readonly Grant[] | undefined;
  /** Open for reading by anybody, so public access is not blocked. */
  readonly isPublicRead?: boolean;
}

export function newBucketDocuments({
  defaults,
  ownership,
  acl,
  isPublicRead,
}: NewBucketAccess): Record<string, string> {
  const isAws = defaults === 'aws';
  const objectOwnership = ownership ?? (isAws ? 'BucketOwnerEnforced' : undefined);
  return {
    ...(objectOwnership !== undefined && { [kinds.ownership]: JSON.stringify({ objectOwnership }) }),
    ...(isAws && isPublicRead !== true && { [kinds.block]: JSON.stringify(fullBlock) }),
    ...(acl !== undefined && { [kinds.acl]: JSON.stringify(acl) }),
    ...(isPublicRead === true && { [kinds.publicRead]: '{}' }),
    ...newBucketEncryption(defaults),
  };
}

/**
 * By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`), so that a
 * request looks nothing up.
 */
const known = new WeakMap<Bucket, BucketAccess>();

/** All that a bucket says on access. */
export async function readBucketAccess(buckets: Buckets, bucket: Bucket): Promise<BucketAccess> {
  const access = known.get(bucket) ?? (await collectAccess(buckets, bucket));
  known.set(bucket, access);
  return access;
}

/** What was read of late; undefined where it is to be read first. */
export function knownBucketAccess(bucket: Bucket): BucketAccess | undefined {
  return known.get(bucket);
}

async function collectAccess(buckets: Buckets, bucket: Bucket): Promise<BucketAccess> {
  const [ownership, block, acl, publicRead, policy, requesterPays, isTagged] = await Promise.all([
    readOwnership(buckets, bucket),
    readPublicAccessBlock(buckets, bucket),
    read(buckets, bucket, kinds.acl),
    buckets.getConfig(bucket, kinds.publicRead),
    readBucketPolicy(buckets, bucket),
    readRequesterPays(buckets, bucket),
    readAbac(buckets, bucket),
  ]);
  return {
    owner: bucket.owner,
    // A bucket without the setting is as buckets were before there was one.
    ownership: ownership ?? 'ObjectWriter',
    block: block ?? openBlock,
    ...(acl !== undefined && { acl: aclSchema.parse(acl) }),
    isPublicRead: publicRead !== undefined,
    requesterPays,
    ...(policy !== undefined && { policy }),
    ...(isTagged && { tags: await readBucketTags(buckets, bucket) }),
  };
}

/** Whether policies may ask for the bucket's tags. */
export async function readAbac(buckets: Buckets, bucket: Bucket): Promise<boolean> {
  const document = await read(buckets, bucket, kinds.abac);
  return document !== undefined && abacSchema.parse(document).isEnabled;
}

export async function writeAbac(buckets: Buckets, bucket: Bucket, isEnabled: boolean): Promise<void> {
  await buckets.setConfig(bucket, kinds.abac, JSON.stringify({ isEnabled }));
}

/** The policy as it was given; whoever puts it has checked it. */
export async function readBucketPolicy(buckets: Buckets, bucket: Bucket): Promise<string | undefined> {
  return buckets.getConfig(bucket, kinds.policy);
}

export async function writeBucketPolicy(buckets: Buckets, bucket: Bucket, policy: string | undefined): Promise<void> {
  await buckets.setConfig(bucket, kinds.policy, policy ?? null);
}

/** Whether accounts that do not own the bucket pay for what they ask of it. */
export async function readRequesterPays(buckets: Buckets, bucket: Bucket): Promise<boolean> {
  return (await buckets.getConfig(bucket, kinds.requesterPays)) !== undefined;
}

export async function writeRequesterPays(buckets: Buckets, bucket: Bucket, requesterPays: boolean): Promise<void> {
  await buckets.setConfig(bucket, kinds.requesterPays, requesterPays ? '{}' : null);
}

export async function readOwnership(buckets: Buckets, bucket: Bucket): Promise<ObjectOwnership | undefined> {
  const document = await read(buckets, bucket, kinds.ownership);
  return document === undefined ? undefined : ownershipSchema.parse(document).objectOwnership;
}

export async function writeOwnership(
  buckets: Buckets,
  bucket: Bucket,
  objectOwnership: ObjectOwnership | undefined,
): Promise<void> {
  const document = objectOwnership === undefined ? null : JSON.stringify({ objectOwnership });
  await buckets.setConfig(bucket, kinds.ownership, document);
}

export async function readPublicAccessBlock(buckets: Buckets, bucket: Bucket): Promise<PublicAccessBlock | undefined> {
  const document = await read(buckets, bucket, kinds.block);
  return document === undefined ? undefined : blockSchema.parse(document);
}

export async function writePublicAccessBlock(
  buckets: Buckets,
  bucket: Bucket,
  block: PublicAccessBlock | undefined,
): Promise<void> {
  await buckets.setConfig(bucket, kinds.block, block === undefined ? null : JSON.stringify(block));
}

/** Without a list the bucket's owner has FULL_CONTROL and nobody else anything. */
export async function writeBucketAcl(
  buckets: Buckets,
  bucket: Bucket,
  acl: readonly Grant[] | undefined,
): Promise<void> {
  await buckets.setConfig(bucket, kinds.acl, acl === undefined ? null : JSON.stringify(acl));
}

async function read(buckets: Buckets, bucket: Bucket, kind: string): Promise<unknown> {
  const document = await buckets.getConfig(bucket, kind);
  return document === undefined ? undefined : JSON.parse(document);
}
