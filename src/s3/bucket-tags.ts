/** The tags of a bucket, kept as one of its configuration documents. */
import { z } from 'zod';
import type { Bucket, Engine, Tag } from '../engine/types.ts';

const tagsConfig = 'tagging';
const tagsDocument = z.array(z.object({ key: z.string(), value: z.string() }));

/** The bucket's tags; none if there are none. */
export async function readBucketTags(engine: Engine, bucket: Bucket): Promise<readonly Tag[]> {
  const document = await engine.buckets.getConfig(bucket, tagsConfig);
  return document === undefined ? [] : tagsDocument.parse(JSON.parse(document));
}

/** Replaces the bucket's tags. */
export async function writeBucketTags(engine: Engine, bucket: Bucket, tags: readonly Tag[]): Promise<void> {
  await engine.buckets.setConfig(bucket, tagsConfig, tags.length === 0 ? null : JSON.stringify(tags));
}
