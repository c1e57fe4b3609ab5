/** What answers tell of rules that will act: dates as AWS counts days, however long they are made here. */
import { abortOf, dayMs, expiryOf } from '../../engine/lifecycle/due.ts';
import { knownLifecycle, readLifecycle } from '../../engine/lifecycle/rules.ts';
import type { Bucket, Engine, Upload, Version } from '../../engine/types.ts';

/** The `x-amz-expiration` header of a current version; undefined where no rule expires it. */
export async function expirationHeader(
  engine: Engine,
  bucket: Bucket,
  version: Version,
): Promise<{ readonly Expiration?: string }> {
  const { rules } = await readLifecycle(engine.buckets, bucket);
  const { key, size, lastModifiedMs, attributes } = version;
  const due = expiryOf(rules, { key, size, lastModifiedMs, tags: attributes.tags }, dayMs);
  if (due === undefined) return {};
  // The id as it is, as S3 sends it, though its reference calls it encoded (measured by others until 2025).
  return { Expiration: `expiry-date="${new Date(due.atMs).toUTCString()}", rule-id="${due.rule.id}"` };
}

/** Whether it is known that a bucket has no rules, so that nothing need be asked. */
export function isKnownWithoutRules(bucket: Bucket): boolean {
  return knownLifecycle(bucket)?.rules.length === 0;
}

/** The `x-amz-abort-date` and `x-amz-abort-rule-id` headers of an upload. */
export async function abortHeaders(
  engine: Engine,
  bucket: Bucket,
  upload: Upload,
): Promise<{ readonly AbortDate?: Date; readonly AbortRuleId?: string }> {
  const { rules } = await readLifecycle(engine.buckets, bucket);
  const due = abortOf(rules, upload, dayMs);
  return due === undefined ? {} : { AbortDate: new Date(due.atMs), AbortRuleId: due.rule.id };
}
