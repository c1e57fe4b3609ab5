/** Who makes a request. */
export interface Identity {
  readonly kind: 'root' | 'anonymous';
  /** Canonical user id, 64 hex digits, as `Owner` shows it. */
  readonly canonicalId: string;
  readonly displayName: string;
  /** Twelve digits, as `ExpectedBucketOwner` names it. */
  readonly accountId: string;
}
