/** The tags of a bucket, kept as one of its configuration documents. */
import assert from 'node:assert/strict';
import type { Bucket, Engine, Tag } from '../engine/types.ts';

const tagsConfig = 'tagging';

/** The bucket's tags; none if there are none. */
export async function readBucketTags(engine: Engine, bucket: Bucket): Promise<readonly Tag[]> {
  const document = await engine.buckets.getConfig(bucket, tagsConfig);
  return document === undefined ? [] : parseDocument(JSON.parse(document));
}

/** The document that a bucket of these tags is made with; none for no tags. */
export function tagsDocument(tags: readonly Tag[]): Record<string, string> {
  return tags.length === 0 ? {} : { [tagsConfig]: JSON.stringify(tags) };
}

/** Replaces the bucket's tags. */
export async function writeBucketTags(engine: Engine, bucket: Bucket, tags: readonly Tag[]): Promise<void> {
  await engine.buckets.setConfig(bucket, tagsConfig, tags.length === 0 ? null : JSON.stringify(tags));
}

function parseDocument(document: unknown): readonly Tag[] {
  assert(Array.isArray(document) && document.every(isTag), 'the tags of a bucket are a list of tags');
  return document;
}

function isTag(value: unknown): value is Tag {
  if (typeof value !== 'object' || value === null) return false;
  return 'key' in value && typeof value.key === 'string' && 'value' in value && typeof value.value === 'string';
}
