/** What the operator's interface says of replication. */
import { z } from 'zod';

export const replicationSchema = z.object({
  /** Of the destinations for which something waits or has failed. */
  destinations: z.array(
    z.object({
      /** ARN. */
      destination: z.string(),
      waiting: z.number(),
      waitingBytes: z.number(),
      /** Since when the oldest waits. */
      oldestMs: z.number().optional(),
      /** Why nothing can be replicated there now. */
      why: z.string().optional(),
      failed: z.number(),
      /** The oldest of these. */
      failures: z.array(z.object({ bucket: z.string(), key: z.string(), versionId: z.string(), why: z.string() })),
    }),
  ),
  /** Walks over buckets that were asked for and are not done. */
  resyncs: z.array(
    z.object({
      bucket: z.string(),
      destination: z.string().optional(),
      all: z.boolean(),
      /** Versions queued so far. */
      queued: z.number(),
      /** The key that it has reached. */
      reached: z.string().optional(),
    }),
  ),
});

export type ReplicationDescription = z.infer<typeof replicationSchema>;
