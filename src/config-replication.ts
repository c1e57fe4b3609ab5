/** The settings of replication. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { durationSchema } from './config-durations.ts';

const bucketSchema = z.strictObject({
  arn: z.string().regex(/^arn:aws:s3:::[a-z0-9][a-z0-9.-]{2,62}$/, 'an ARN such as arn:aws:s3:::copies'),
  name: z.string().min(3).max(63).optional(),
});

const destinationSchema = z
  .strictObject({
    endpoint: z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https://' }),
    region: z.string().min(1).default('us-east-1'),
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    ninefold: z.boolean().default(false),
    minio: z.boolean().default(false),
    pathStyle: z.boolean().default(true),
    timeoutMs: z.int().min(100).default(60_000),
    buckets: z.array(bucketSchema).min(1),
  })
  .refine(({ ninefold, minio }) => !(ninefold && minio), 'a server is a Ninefold or a MinIO')
  .refine(
    ({ pathStyle, endpoint }) => pathStyle || isIP((URL.parse(endpoint)?.hostname ?? '').replace(/^\[|\]$/g, '')) === 0,
    'an endpoint whose host is a name: without pathStyle the bucket stands before it',
  );

export const replicationSchema = z
  .strictObject({
    retryFor: durationSchema.default('168h'),
    bytesPerSecond: z.int().min(65_536).optional(),
    destinations: z.array(destinationSchema).default([]),
  })
  .refine(({ destinations }) => {
    const arns = destinations.flatMap(({ buckets }) => buckets.map(({ arn }) => arn));
    return new Set(arns).size === arns.length;
  }, 'two destinations have the same ARN');
