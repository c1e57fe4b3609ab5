/** What labels and manifests say, read back and checked. */
import { z } from 'zod';

const checksum = z.object({ algorithm: z.string(), type: z.enum(['FULL_OBJECT', 'COMPOSITE']), value: z.string() });
const grant = z.object({
  grantee: z.union([
    z.object({ id: z.string() }),
    z.object({ group: z.enum(['AllUsers', 'AuthenticatedUsers', 'LogDelivery']) }),
  ]),
  permission: z.enum(['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP']),
});
const encryption = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('SSE-S3'), serverKey: z.string() }),
  z.object({
    kind: z.enum(['SSE-KMS', 'DSSE-KMS']),
    keyArn: z.string(),
    context: z.record(z.string(), z.string()),
    bucketKey: z.literal(true).exactOptional(),
    sealed: z.string(),
    serverKey: z.string().exactOptional(),
    revision: z.int().exactOptional(),
  }),
  z.object({ kind: z.literal('SSE-C'), salt: z.string(), proof: z.string() }),
]);
const attributes = z.object({
  owner: z.string(),
  storageClass: z.string(),
  headers: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.string()),
  tags: z.array(z.object({ key: z.string(), value: z.string() })),
  acl: z.array(grant).exactOptional(),
  replication: z.enum(['PENDING', 'COMPLETED', 'FAILED', 'REPLICA']).exactOptional(),
  changedMs: z.number().exactOptional(),
  lock: z
    .object({
      revision: z.int(),
      retention: z.object({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), untilMs: z.number() }).exactOptional(),
      retentionSetMs: z.number().exactOptional(),
      legalHold: z.enum(['ON', 'OFF']).exactOptional(),
      legalHoldSetMs: z.number().exactOptional(),
    })
    .exactOptional(),
  tiering: z.object({ accessedMs: z.number() }).exactOptional(),
  encryption: encryption.exactOptional(),
});
const slices = z
  .array(z.union([z.tuple([z.string(), z.int(), z.int()]), z.tuple([z.string(), z.int(), z.int(), z.string()])]))
  .exactOptional();
const described = {
  v: z.literal(1),
  bucket: z.string(),
  key: z.string(),
  size: z.int(),
  etag: z.string(),
  checksum: checksum.exactOptional(),
  lastModifiedMs: z.number(),
  envelope: z.string().exactOptional(),
};
const version = {
  ...described,
  versionId: z.string(),
  ordinal: z.int(),
  attributes,
  transitionedMs: z.number().exactOptional(),
};
const upload = {
  initiatedMs: z.number(),
  attributes,
  checksumAlgorithm: z.string().exactOptional(),
  checksumType: z.enum(['FULL_OBJECT', 'COMPOSITE']).exactOptional(),
};

const descriptionSchema = z.discriminatedUnion('kind', [
  z.object({ ...version, kind: z.literal('version'), slices }),
  z.object({
    ...version,
    kind: z.literal('completion'),
    uploadId: z.string(),
    parts: z.array(z.tuple([z.int(), z.string()])),
  }),
  z.object({
    ...described,
    kind: z.literal('part'),
    uploadId: z.string(),
    partNumber: z.int(),
    upload: z.object(upload),
    slices,
  }),
  z.object({
    ...described,
    kind: z.literal('annotation'),
    versionId: z.string(),
    ordinal: z.int(),
    name: z.string(),
    slices,
  }),
  z.object({
    v: z.literal(1),
    kind: z.literal('upload'),
    bucket: z.string(),
    key: z.string(),
    uploadId: z.string(),
    ...upload,
  }),
  z.object({
    ...{ v: z.literal(1), kind: z.literal('marker'), bucket: z.string(), key: z.string(), versionId: z.string() },
    ...{ ordinal: z.int(), owner: z.string(), lastModifiedMs: z.number() },
  }),
  z.object({
    ...{ v: z.literal(1), kind: z.literal('bucket'), name: z.string(), region: z.string(), owner: z.string() },
    ...{ createdMs: z.number(), configs: z.record(z.string(), z.string()) },
  }),
]);

export type Description = z.infer<typeof descriptionSchema>;
export type DescriptionOf<K extends Description['kind']> = Extract<Description, { kind: K }>;

/** Whether a label says that the description is the blob's data. */
export function isManifestLabel(label: Uint8Array): boolean {
  return kindOf(label) === 'manifest';
}

/** Undefined if the bytes are no description, as those of a probe. */
export function readDescription(bytes: Uint8Array): Description | undefined {
  const parsed = descriptionSchema.safeParse(jsonOf(bytes));
  return parsed.success ? parsed.data : undefined;
}

function kindOf(label: Uint8Array): unknown {
  const value = jsonOf(label);
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
