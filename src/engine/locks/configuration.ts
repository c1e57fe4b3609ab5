/** Object lock of a bucket: that it has it, and for how long new versions are kept that say nothing themselves. */
import { z } from 'zod';
import { objectLockKind } from '../../meta/object-lock.ts';
import type { Bucket } from '../../meta/records.ts';
import type { Buckets } from '../types.ts';

const configurationSchema = z.strictObject({
  /** In days or years, as the client said it. */
  defaultRetention: z
    .strictObject({
      mode: z.enum(['GOVERNANCE', 'COMPLIANCE']),
      days: z.int().optional(),
      years: z.int().optional(),
    })
    .optional(),
});

export type ObjectLockConfiguration = Readonly<z.infer<typeof configurationSchema>>;
export type DefaultRetention = NonNullable<ObjectLockConfiguration['defaultRetention']>;

/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, ObjectLockConfiguration | 'none'>();

/** What was read of late; undefined where it is to be read first. */
export function knownObjectLock(bucket: Bucket): ObjectLockConfiguration | 'none' | undefined {
  return known.get(bucket);
}

/** Undefined for a bucket without object lock. */
export async function readObjectLock(
  buckets: Pick<Buckets, 'getConfig'>,
  bucket: Bucket,
): Promise<ObjectLockConfiguration | undefined> {
  const recent = known.get(bucket);
  if (recent !== undefined) return recent === 'none' ? undefined : recent;
  const document = await buckets.getConfig(bucket, objectLockKind);
  const configuration = document === undefined ? undefined : configurationSchema.parse(JSON.parse(document));
  known.set(bucket, configuration ?? 'none');
  return configuration;
}

/** Gives a bucket object lock, or another default. Throws VersioningNotEnabled. */
export async function writeObjectLock(
  buckets: Buckets,
  bucket: Bucket,
  configuration: ObjectLockConfiguration,
): Promise<void> {
  await buckets.setConfig(bucket, objectLockKind, JSON.stringify(configuration));
}

/** The document of a bucket that has object lock from its first moment. */
export function newObjectLockDocument(): Readonly<Record<string, string>> {
  return { [objectLockKind]: JSON.stringify({} satisfies ObjectLockConfiguration) };
}
