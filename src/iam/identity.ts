/** Who makes a request, once its signature was verified. */
import { canonicalIdOf, rootArn } from './names.ts';
import type { AccountRecord, Tag } from './records.ts';

export interface Identity {
  /** `role` is a session of a role, `federated` one of GetFederationToken. */
  readonly kind: 'root' | 'user' | 'role' | 'federated' | 'anonymous';
  /** Canonical id of the account, 64 hex digits, as `Owner` shows it. */
  readonly canonicalId: string;
  /** Of the account. */
  readonly displayName: string;
  /** Twelve digits, as `ExpectedBucketOwner` names it. */
  readonly accountId: string;
  /** As policies name the caller; empty for anonymous. */
  readonly arn: string;
  /** Of a session of a role, the role's. */
  readonly roleArn?: string;
  /** What `aws:userid` says: the account's number, a user's id, `ROLEID:session`. */
  readonly userId: string;
  /** Name of the user or the role; of a federated user that of the caller who made the session. */
  readonly name?: string;
  /** What the principal itself is tagged with, and its session over that. */
  readonly tags: readonly Tag[];
  /** Of temporary credentials. */
  readonly session?: Session;
}

/** What temporary credentials say beside whose they are. */
export interface Session {
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** Policy documents given with the request; absent if none was, so that the session has all that its principal has. */
  readonly policies?: readonly string[];
  /** Managed policies given with the request, by ARN. */
  readonly policyArns?: readonly string[];
  readonly tags: readonly Tag[];
  /** Keys of the tags that a role assumed with this session inherits. */
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
}

/** The root of an account; the canonical id is the one that follows from the number, unless another is given. */
export function rootIdentity(account: Pick<AccountRecord, 'id' | 'displayName'> & Partial<AccountRecord>): Identity {
  const { id, displayName, canonicalId = canonicalIdOf(id) } = account;
  return { kind: 'root', canonicalId, displayName, accountId: id, arn: rootArn(id), userId: id, tags: [] };
}

/** A request without credentials. The id is the one S3 shows for anonymous users. */
export const anonymous: Identity = {
  kind: 'anonymous',
  canonicalId: '65a011a29cdf8ec533ec3d1ccaae921c',
  displayName: 'anonymous',
  accountId: '',
  arn: '',
  userId: '',
  tags: [],
};
