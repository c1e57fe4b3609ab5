/** Where the access log of a bucket is delivered: its logging configuration, kept as one of its documents. */
import { z } from 'zod';
import type { Bucket } from '../../meta/records.ts';

/** Name of the document that keeps it. */
export const loggingKind = 'logging';

const granteeSchema = z.union([
  z.strictObject({ id: z.string() }),
  z.strictObject({ group: z.enum(['AllUsers', 'AuthenticatedUsers', 'LogDelivery']) }),
]);

export const loggingSchema = z.strictObject({
  /** Name of the bucket that takes the log. */
  target: z.string(),
  /** What keys of log objects begin with. */
  prefix: z.string(),
  /** What the log objects grant beside what their owner has. */
  grants: z.array(z.strictObject({ grantee: granteeSchema, permission: z.enum(['FULL_CONTROL', 'READ', 'WRITE']) })),
  /** What follows the prefix in their keys: the time alone, or the source and its day first. Absent: the time, and the client did not say. */
  keys: z.enum(['simple', 'by event time', 'by delivery time']).optional(),
});

export type LoggingConfiguration = Readonly<z.infer<typeof loggingSchema>>;

/** By the bucket's value, which every change of a bucket or of its documents makes anew (`meta/hot-rows.ts`). */
const known = new WeakMap<Bucket, LoggingConfiguration | 'none'>();

/** What was read of the bucket before; undefined if nothing was. */
export function knownLogging(bucket: Bucket): LoggingConfiguration | 'none' | undefined {
  return known.get(bucket);
}

/** The bucket's configuration; `none` if its requests are not logged. */
export async function readLogging(
  source: { getConfig(bucket: Bucket, kind: string): Promise<string | undefined> },
  bucket: Bucket,
): Promise<LoggingConfiguration | 'none'> {
  const document = await source.getConfig(bucket, loggingKind);
  const configuration = document === undefined ? 'none' : loggingSchema.parse(JSON.parse(document));
  known.set(bucket, configuration);
  return configuration;
}
