/** The tags of a bucket, kept as one of its configuration documents. */
import { z } from 'zod';
import type { Bucket, Tag } from '../meta/records.ts';
import type { Buckets } from './types.ts';

const tagsConfig = 'tagging';
const tagsSchema = z.array(z.strictObject({ key: z.string(), value: z.string() }));

/** The bucket's tags; none if there are none. */
export async function readBucketTags(buckets: Buckets, bucket: Bucket): Promise<readonly Tag[]> {
  return parseTags(await buckets.getConfig(bucket, tagsConfig));
}

/** Replaces the bucket's tags by what `decide` makes of them, with no other change of them in between. */
export async function changeBucketTags(
  buckets: Buckets,
  bucket: Bucket,
  decide: (tags: readonly Tag[]) => readonly Tag[],
): Promise<void> {
  await buckets.changeConfig(bucket, tagsConfig, (document) => textOf(decide(parseTags(document))));
}

/** The document that a bucket of these tags is made with; none for no tags. */
export function tagsDocument(tags: readonly Tag[]): Record<string, string> {
  const text = textOf(tags);
  return text === null ? {} : { [tagsConfig]: text };
}

/** Replaces the bucket's tags. */
export async function writeBucketTags(buckets: Buckets, bucket: Bucket, tags: readonly Tag[]): Promise<void> {
  await buckets.setConfig(bucket, tagsConfig, textOf(tags));
}

function parseTags(document: string | undefined): readonly Tag[] {
  return document === undefined ? [] : tagsSchema.parse(JSON.parse(document));
}

function textOf(tags: readonly Tag[]): string | null {
  return tags.length === 0 ? null : JSON.stringify(tags);
}
