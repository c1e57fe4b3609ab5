/** How new objects of a bucket are encrypted that do not say themselves, kept as one of its configuration documents. */
import { z } from 'zod';
import type { Bucket } from '../meta/records.ts';
import type { BucketDefaults } from './bucket-defaults.ts';
import type { Buckets } from './types.ts';

const kind = 'encryption';
const schema = z.strictObject({
  /** Absent for what the server does by default. */
  algorithm: z.enum(['AES256', 'aws:kms', 'aws:kms:dsse']).optional(),
  /** As it was given: id, alias or ARN. Absent for the key that S3 has in the account of whoever writes. */
  kmsKey: z.string().optional(),
  /** Whether data keys are bound to the bucket, for all of its objects. */
  bucketKey: z.boolean().optional(),
  /** `SSE-C`: objects under keys of clients are refused; `NONE`: they are not. */
  blocked: z.array(z.enum(['NONE', 'SSE-C'])).optional(),
});
export type BucketEncryption = Readonly<z.infer<typeof schema>>;

/** What AWS gives every new bucket since April 2026. */
const ofNewBuckets: BucketEncryption = { blocked: ['SSE-C'] };
const silent: BucketEncryption = {};

/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, BucketEncryption>();

export async function readBucketEncryption(
  buckets: Pick<Buckets, 'getConfig'>,
  bucket: Bucket,
): Promise<BucketEncryption> {
  const recent = known.get(bucket);
  if (recent !== undefined) return recent;
  const encryption = parse(await buckets.getConfig(bucket, kind));
  known.set(bucket, encryption);
  return encryption;
}

/** Replaces what the bucket says by what `decide` makes of it. */
export async function changeBucketEncryption(
  buckets: Buckets,
  bucket: Bucket,
  decide: (before: BucketEncryption) => BucketEncryption,
): Promise<void> {
  await buckets.changeConfig(bucket, kind, (text) => JSON.stringify(decide(parse(text))));
}

/** Makes the bucket say what a new one does. */
export async function resetBucketEncryption(buckets: Buckets, bucket: Bucket, defaults: BucketDefaults): Promise<void> {
  await buckets.setConfig(bucket, kind, newBucketEncryption(defaults)[kind] ?? null);
}

/** The document of a new bucket, by its kind. */
export function newBucketEncryption(defaults: BucketDefaults): Readonly<Record<string, string>> {
  return defaults === 'aws' ? { [kind]: JSON.stringify(ofNewBuckets) } : {};
}

function parse(text: string | undefined): BucketEncryption {
  return text === undefined ? silent : schema.parse(JSON.parse(text));
}
