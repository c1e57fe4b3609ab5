/** The CORS rules of a bucket, kept as one of its configuration documents. */
import { z } from 'zod';
import type { Bucket } from '../meta/records.ts';
import type { Buckets } from './types.ts';

const kind = 'cors';
/** Named as in AWS's API. */
const rulesSchema = z.array(
  z.strictObject({
    ID: z.string().optional(),
    AllowedMethods: z.array(z.string()),
    AllowedOrigins: z.array(z.string()),
    AllowedHeaders: z.array(z.string()).optional(),
    ExposeHeaders: z.array(z.string()).optional(),
    MaxAgeSeconds: z.number().optional(),
  }),
);
export type CorsRule = Readonly<z.infer<typeof rulesSchema>[number]>;

/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, readonly CorsRule[]>();

/** The bucket's rules in their order; none if it has no configuration. */
export async function readCorsRules(buckets: Buckets, bucket: Bucket): Promise<readonly CorsRule[]> {
  const recent = known.get(bucket);
  if (recent !== undefined) return recent;
  const document = await buckets.getConfig(bucket, kind);
  const rules = document === undefined ? [] : rulesSchema.parse(JSON.parse(document));
  known.set(bucket, rules);
  return rules;
}

/** Replaces the bucket's rules, which the caller has checked; none removes the configuration. */
export async function writeCorsRules(buckets: Buckets, bucket: Bucket, rules: readonly CorsRule[]): Promise<void> {
  await buckets.setConfig(bucket, kind, rules.length === 0 ? null : JSON.stringify(rules));
}
