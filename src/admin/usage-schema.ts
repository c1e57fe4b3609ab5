/** What the operator's interface says of what is stored. */
import { z } from 'zod';
import { totalsSchema } from '../engine/usage/totals.ts';

export const bucketUsageSchema = z.object({
  bucket: z.string(),
  prefix: z.string(),
  countedMs: z.number(),
  totals: totalsSchema,
  prefixes: z.array(z.object({ prefix: z.string(), totals: totalsSchema })),
});

export const usageSchema = z.object({
  /** Of all buckets that were counted, in order of name. */
  buckets: z.array(bucketUsageSchema),
});

export type BucketUsageDescription = z.infer<typeof bucketUsageSchema>;
