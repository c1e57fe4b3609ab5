/** Who makes a request. */
import { createHash } from 'node:crypto';

export interface Identity {
  readonly kind: 'root' | 'anonymous';
  /** Canonical user id, 64 hex digits, as `Owner` shows it. */
  readonly canonicalId: string;
  readonly displayName: string;
  /** Twelve digits, as `ExpectedBucketOwner` names it. */
  readonly accountId: string;
}

/** The root of an account. Its canonical id follows from the account id, so that it survives a rebuilt index. */
export function rootIdentity({ accountId, displayName }: { accountId: string; displayName: string }): Identity {
  const canonicalId = createHash('sha256').update(`ninefold account ${accountId}`).digest('hex');
  return { kind: 'root', canonicalId, displayName, accountId };
}

/** A request without credentials. The id is the one S3 shows for anonymous users. */
export const anonymous: Identity = {
  kind: 'anonymous',
  canonicalId: '65a011a29cdf8ec533ec3d1ccaae921c',
  displayName: 'anonymous',
  accountId: '',
};
