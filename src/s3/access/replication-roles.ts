/**
 * Roles that replication acts as: whether a caller may hand one over to S3, and what it may read and write then. A role that is
 * gone, or that does not trust S3 any more, may nothing.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
 */
import { type FailureReason, type Replica, ReplicationRefused } from '../../engine/replication/types.ts';
import type { Bucket } from '../../engine/types.ts';
import type { Iam } from '../../iam/iam.ts';
import type { Identity } from '../../iam/identity.ts';
import { stsArn } from '../../iam/names.ts';
import { contextOf } from '../../iam/policy/context.ts';
import { decide, noPermissions } from '../../iam/policy/decide.ts';
import { permissionsOf } from '../../iam/policy/permissions.ts';
import type { Principal } from '../../iam/policy/principal.ts';
import { refusalText } from '../../iam/policy/refusal-text.ts';
import { type FoundRole, findRole, trustOf } from '../../iam/sts/trust.ts';
import { S3Error } from '../errors.ts';
import { invalidArgument } from '../lifecycle/refusals.ts';
import type { BucketAccesses } from './bucket-accesses.ts';
import { policyOfBucket } from './policy-of-bucket.ts';

const serviceName = 's3.amazonaws.com';
const sessionName = 's3-replication';
const service: Principal = { kind: 'service', accountId: '', canonicalId: '', arn: '', names: [serviceName] };

export interface ReplicationRolesParts {
  readonly iam: Iam;
  readonly accesses: BucketAccesses;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
}

/** One thing that the role must be allowed. */
interface Needed {
  /** Why nothing is replicated if it is not. */
  readonly reason: FailureReason;
  readonly action: string;
  readonly bucketName: string;
  /** Absent for what is on another server: then the role's own policies decide. */
  readonly bucket: Bucket | undefined;
}

export class ReplicationRoles {
  readonly #parts: ReplicationRolesParts;
  /** Sessions of roles, kept for as long as the identities are the same, as compiled policies are found by them. */
  readonly #sessions = new Map<string, { readonly revision: number; readonly identity: Identity }>();

  constructor(parts: ReplicationRolesParts) {
    this.#parts = parts;
  }

  /** The account id of an owner's canonical id. */
  accountOf(canonicalId: string): string | undefined {
    return this.#parts.accountOf(canonicalId);
  }

  /** Throws InvalidArgument for a role that is not there, AccessDenied unless the caller may pass it to S3. */
  pass(identity: Identity, { role, bucket }: { role: string; bucket: Bucket }): void {
    const { iam } = this.#parts;
    const found = findRole(iam, role);
    const { accountId } = identity;
    const question = {
      principal: identity,
      permissions: permissionsOf(iam.callers.policiesOf(identity)),
      ...{ action: 'iam:PassRole', resource: role, resourceAccountId: role.split(':')[4] ?? '' },
      context: contextOf({
        'iam:PassedToService': serviceName,
        'iam:AssociatedResourceArn': `arn:aws:s3:::${bucket.name}`,
        'aws:PrincipalArn': identity.roleArn ?? identity.arn,
        'aws:PrincipalAccount': accountId,
      }),
    };
    const decision = decide(question);
    if (decision.outcome !== 'allow') throw new S3Error('AccessDenied', { message: refusalText(question, decision) });
    if (found === undefined) {
      throw invalidArgument('The role does not exist: make it with CreateRole of IAM first', { Role: role });
    }
  }

  /** Throws ReplicationRefused if a role may not replicate a version. What more it takes is asked for as the session that is returned. */
  async check(asked: {
    readonly role: string;
    readonly replica: Replica;
    /** ARN. */
    readonly destination: string;
    /** The destination, if it is on this server. */
    readonly bucket: Bucket | undefined;
  }): Promise<Identity> {
    const { role, replica } = asked;
    const found = findRole(this.#parts.iam, role);
    const reason = 'AssumeRoleNotPermitted';
    if (found === undefined) throw new ReplicationRefused(`There is no role ${role} any more`, { reason });
    if (!this.#isTrusting(found, replica.source)) {
      throw new ReplicationRefused(`Role ${role} does not trust ${serviceName} to assume it`, { reason });
    }
    const identity = this.#sessionOf(found);
    for (const needed of neededFor(asked)) {
      const refusal = await this.#refusal(identity, replica.version.key, needed);
      if (refusal !== undefined) throw new ReplicationRefused(refusal, { reason: needed.reason });
    }
    return identity;
  }

  #isTrusting(found: FoundRole, source: Bucket): boolean {
    const decision = decide({
      principal: service,
      permissions: noPermissions,
      ...{ action: 'sts:AssumeRole', resource: found.arn, resourceAccountId: found.accountId },
      resourcePolicy: trustOf(found.role),
      needsResourcePolicy: true,
      context: contextOf({
        'aws:SourceArn': `arn:aws:s3:::${source.name}`,
        'aws:SourceAccount': this.#parts.accountOf(source.owner) ?? '',
        'aws:PrincipalIsAWSService': 'true',
        'aws:PrincipalServiceName': serviceName,
      }),
    });
    return decision.outcome === 'allow';
  }

  async #refusal(identity: Identity, key: string, { action, bucketName, bucket }: Needed): Promise<string | undefined> {
    const { iam, accesses, accountOf } = this.#parts;
    const access = bucket && (await accesses.read(bucket));
    const question = {
      principal: identity,
      permissions: permissionsOf(iam.callers.policiesOf(identity)),
      ...{ action, resource: `arn:aws:s3:::${bucketName}/${key}` },
      resourceAccountId: bucket === undefined ? identity.accountId : (accountOf(bucket.owner) ?? ''),
      resourcePolicy: access && policyOfBucket(access),
      context: contextOf({
        'aws:PrincipalArn': identity.roleArn ?? '',
        'aws:PrincipalAccount': identity.accountId,
        'aws:SecureTransport': 'true',
        'aws:userid': identity.userId,
      }),
    };
    const decision = decide(question);
    return decision.outcome === 'allow' ? undefined : refusalText(question, decision);
  }

  #sessionOf({ accountId, role, arn: roleArn }: FoundRole): Identity {
    const { directory } = this.#parts.iam;
    const known = this.#sessions.get(roleArn);
    if (known?.revision === directory.revision) return known.identity;
    const { canonicalId = '', displayName = '' } = directory.account(accountId) ?? {};
    const identity: Identity = {
      ...{ kind: 'role', accountId, canonicalId, displayName, roleArn, name: role.name, tags: role.tags },
      arn: stsArn(accountId, `assumed-role/${role.name}/${sessionName}`),
      userId: `${role.id}:${sessionName}`,
    };
    this.#sessions.set(roleArn, { revision: directory.revision, identity });
    return identity;
  }
}

/** What replicating a version reads at its source and writes at its destination. */
function neededFor({
  replica: { source, version, rule },
  destination,
  bucket,
}: {
  readonly replica: Replica;
  readonly destination: string;
  readonly bucket: Bucket | undefined;
}): readonly Needed[] {
  const { tags, acl, lock } = version.attributes;
  const reads = [
    's3:GetObjectVersionForReplication',
    ...(tags.length > 0 ? ['s3:GetObjectVersionTagging'] : []),
    ...(acl !== undefined ? ['s3:GetObjectVersionAcl'] : []),
    ...(lock?.retention !== undefined ? ['s3:GetObjectRetention'] : []),
    ...(lock?.legalHold !== undefined ? ['s3:GetObjectLegalHold'] : []),
  ];
  const reason = 'DstPutObjectNotPermitted';
  const writes: readonly Omit<Needed, 'bucketName' | 'bucket'>[] = version.isDeleteMarker
    ? [{ action: 's3:ReplicateDelete', reason: 'DstDelObjNotPermitted' }]
    : [
        { action: 's3:ReplicateObject', reason },
        ...(tags.length > 0 ? [{ action: 's3:ReplicateTags', reason } as const] : []),
        ...(rule.destination.overridesOwner
          ? [{ action: 's3:ObjectOwnerOverrideToBucketOwner', reason } as const]
          : []),
      ];
  const there = { bucketName: destination.slice('arn:aws:s3:::'.length), bucket };
  return [
    ...reads.map((action) => ({
      ...({ action, reason: 'SrcGetObjectNotPermitted' } as const),
      ...{ bucketName: source.name, bucket: source },
    })),
    ...writes.map((needed) => ({ ...needed, ...there })),
  ];
}
