/**
 * What one server tells another of a replica that S3's own headers have no place for: one header, JSON in base64. Who may replicate
 * into a bucket may send it, and nobody else (`s3/access/operation-actions.ts`).
 */
import { z } from 'zod';
import type { SourceLock } from '../../meta/object-lock.ts';
import type { Version } from '../../meta/records.ts';
import { isVersionId, nullVersionId, type ReplicaIdentity } from '../version-ids.ts';
import { sourceLock } from './replica-locks.ts';
import type { Replica } from './types.ts';

export const replicaHeader = 'x-amz-ninefold-replica';

const grantSchema = z.strictObject({
  grantee: z.union([
    z.strictObject({ id: z.string() }),
    z.strictObject({ group: z.enum(['AllUsers', 'AuthenticatedUsers', 'LogDelivery']) }),
  ]),
  permission: z.enum(['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP']),
});
const lockSchema = z.strictObject({
  retention: z.strictObject({ mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), untilMs: z.int().min(0) }).exactOptional(),
  retentionSetMs: z.int().min(0).exactOptional(),
  legalHold: z.enum(['ON', 'OFF']).exactOptional(),
  legalHoldSetMs: z.int().min(0).exactOptional(),
});
const factsSchema = z.strictObject({
  v: z.literal(1),
  versionId: z.string().refine((id) => isVersionId(id) && id !== nullVersionId),
  ordinal: z.int().min(1),
  lastModifiedMs: z.int().min(0),
  /** When tags or list were changed last; 0 if never. */
  changedMs: z.int().min(0),
  /** Canonical id; absent where the replica belongs to the owner of its bucket. */
  owner: z.string().optional(),
  /** Null for none; absent where the replica keeps its own. */
  acl: z.array(grantSchema).nullable().optional(),
  /** Absent if it was never locked. */
  lock: lockSchema.exactOptional(),
});

export interface ReplicaFacts extends ReplicaIdentity {
  readonly changedMs: number;
  readonly owner?: string | undefined;
  readonly acl?: Version['attributes']['acl'] | null | undefined;
  readonly lock?: SourceLock;
}

export function encodeReplicaFacts({ version, rule, versionId, ordinal, lastModifiedMs }: Replica): string {
  const { owner, acl, changedMs = 0, lock } = version.attributes;
  return encodeFacts({
    ...{ versionId, ordinal, lastModifiedMs, changedMs },
    ...(lock !== undefined && { lock: sourceLock(lock) }),
    ...(rule.destination.overridesOwner !== true && { owner, acl: acl ?? null }),
  });
}

export function encodeFacts(facts: ReplicaFacts): string {
  return Buffer.from(JSON.stringify({ v: 1, ...facts })).toString('base64');
}

/** Undefined if the text is none. */
export function decodeReplicaFacts(text: string): ReplicaFacts | undefined {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
  return factsSchema.safeParse(value).data;
}
