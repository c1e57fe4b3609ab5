/** Every setting with its default. `config.example.yaml` shows the same; a test holds the two together. */
import { z } from 'zod';
import { GROUP_NAME } from './blob/pool.ts';
import { accessLogsSchema } from './config-access-logs.ts';
import { accountIdSchema, accountSchema, keySchema } from './config-accounts.ts';
import { durationSchema } from './config-durations.ts';
import { encryptionSchema } from './config-encryption.ts';
import { eventsSchema } from './config-events.ts';
import { replicationSchema } from './config-replication.ts';
import { parseIpRange } from './iam/policy/ip-range.ts';
import { isBucketName } from './s3/bucket-names.ts';
import { isEndpoint } from './s3/door/public-endpoints.ts';
import { storageClasses } from './s3/storage-classes.ts';

const mebibyte = 1024 * 1024;
const day = 24 * 60 * 60 * 1000;

const tlsSchema = z
  .strictObject({
    certificate: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
    selfSigned: z.boolean().default(false),
  })
  .refine(
    ({ certificate, key, selfSigned }) =>
      (certificate === undefined) === selfSigned && (key === undefined) === selfSigned,
    'give both certificate and key, or selfSigned: true alone',
  );

const groupSchema = z.string().regex(GROUP_NAME, 'lower-case letters, digits and hyphens, at most 32');

const diskSchema = z.strictObject({ path: z.string().min(1), group: groupSchema });

const zoneSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]{1,32}$/, 'lower-case letters, digits and hyphens, at most 32'),
  path: z.string().min(1),
  disks: z.array(z.union([z.string().min(1), diskSchema])).min(1),
});

const bucketSchema = z.strictObject({
  name: z.string().refine(isBucketName, {
    error: ({ input }) => `${input} is no name of a bucket: 3 to 63 lower-case letters, digits and hyphens`,
  }),
  public: z.boolean().default(false),
  versioned: z.boolean().default(false),
});

const limitsSchema = z.strictObject({
  requestHeaderBytesMax: z.int().min(1024).max(65_536).default(8192),
  xmlBodyBytesMax: z
    .int()
    .min(mebibyte)
    .default(8 * mebibyte),
  objectPutBytesMax: z
    .int()
    .min(1)
    .default(5 * 1024 * mebibyte),
  idleTimeoutMs: z.int().min(1000).default(120_000),
  headerTimeoutMs: z.int().min(1000).default(60_000),
  keepAliveTimeoutMs: z.int().min(1000).default(75_000),
  bytesPerSecondMin: z.int().min(0).default(1024),
  connectionsMax: z.int().min(1).default(10_000),
  connectionsPerAddressMax: z.int().min(1).optional(),
  requestsMax: z.int().min(1).default(4096),
  requestsPerAddressMax: z.int().min(1).optional(),
  stopTimeoutMs: z.int().min(0).default(10_000),
});

const perSecond = z.number().positive();
const rateSchema = z.strictObject({ perSecond, burst: z.int().min(1) });

const rateLimitsSchema = z.strictObject({
  address: rateSchema.optional(),
  accessKey: rateSchema.optional(),
  prefix: z
    .strictObject({ writesPerSecond: perSecond.default(3500), readsPerSecond: perSecond.default(5500) })
    .optional(),
});

const storeSchema = z.strictObject({
  segmentBytesMax: z
    .int()
    .min(16 * mebibyte)
    .default(1024 * mebibyte),
  logFileBytesMax: z
    .int()
    .min(mebibyte)
    .default(64 * mebibyte),
  snapshotLogBytes: z
    .int()
    .min(mebibyte)
    .default(128 * mebibyte),
  garbageGraceMs: z.int().min(0).default(60_000),
  diskTimeoutMs: z.int().min(100).default(10_000),
  reserveBytes: z.int().min(0).optional(),
  hotObjectBytesMax: z
    .int()
    .min(0)
    .default(32 * mebibyte),
  pageCacheBytesMax: z
    .int()
    .min(0)
    .default(256 * mebibyte),
  schemes: z.partialRecord(z.enum(storageClasses), z.enum(['6+3', '1+2'])).default({ STANDARD: '6+3' }),
  groups: z.partialRecord(z.enum(storageClasses), groupSchema).default({}),
});

const jobsSchema = z.strictObject({
  scrubPeriodMs: z
    .int()
    .min(60_000)
    .default(30 * day),
  scrubBytesPerSecond: z
    .int()
    .min(1)
    .default(16 * mebibyte),
  repairBytesPerSecond: z
    .int()
    .min(1)
    .default(64 * mebibyte),
  repairDelayMs: z.int().min(0).default(600_000),
  compactDeadShareMin: z.number().min(0.05).max(0.95).default(0.2),
  compactBytesPerSecond: z
    .int()
    .min(mebibyte)
    .default(32 * mebibyte),
  lifecycleLooksPerSecond: z.int().min(1).default(100_000),
  lifecycleChangesPerSecond: z.int().min(1).default(1000),
  lifecycleBytesPerSecond: z
    .int()
    .min(mebibyte)
    .default(32 * mebibyte),
});

const timeSchema = z.strictObject({
  dayLength: durationSchema.default('24h'),
});

const metricsSchema = z.strictObject({
  token: z.string().min(16),
});

const auditLogSchema = z.strictObject({
  enabled: z.boolean().default(true),
  fileBytesMax: z
    .int()
    .min(1024)
    .default(64 * mebibyte),
  filesMax: z.int().min(2).default(16),
});

export const configSchema = z.strictObject({
  data: z.string().min(1).default('data'),
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(9000),
  tls: tlsSchema.optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'a region such as us-east-1')
    .default('us-east-1'),
  otherRegions: z.array(z.string().regex(/^([a-z0-9-]{1,64}|\*)$/, 'a region, or * for any')).default([]),
  domains: z.array(z.string().regex(/^[a-z0-9.-]+$/, 'a domain in lower case')).default([]),
  trustedProxies: z
    .array(z.string().refine((text) => parseIpRange(text) !== undefined, 'an address, or a range such as 10.0.0.0/8'))
    .default([]),
  publicEndpoints: z
    .array(z.string().refine(isEndpoint, 'a URL without a path, or a host, such as https://s3.example.org'))
    .max(16)
    .default([]),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  auditLog: auditLogSchema.prefault({}),
  metrics: metricsSchema.optional(),
  rootKey: keySchema.optional(),
  accountId: accountIdSchema.default('000000000000'),
  displayName: z.string().min(1).default('root'),
  accounts: z.array(accountSchema).default([]),
  signatureVersion2: z.boolean().default(false),
  httpIssuers: z.array(z.url({ protocol: /^http$/, error: 'an address that begins with http://' })).default([]),
  bucketDefaults: z.enum(['aws', 'legacy']).default('aws'),
  buckets: z.array(bucketSchema).default([]),
  zones: z.array(zoneSchema).min(1).optional(),
  limits: limitsSchema.prefault({}),
  rateLimits: rateLimitsSchema.optional(),
  store: storeSchema.prefault({}),
  jobs: jobsSchema.prefault({}),
  encryption: encryptionSchema.prefault({}),
  events: eventsSchema.prefault({}),
  replication: replicationSchema.prefault({}),
  accessLogs: accessLogsSchema.prefault({}),
  time: timeSchema.prefault({}),
});
