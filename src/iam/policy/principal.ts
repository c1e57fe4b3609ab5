/** Who asks, as policies name it. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */

export interface Principal {
  /**
   * `user` also with the keys of GetSessionToken, `role-session` for every role that was assumed, `federated-user` for the
   * keys of GetFederationToken, `web-identity` for who asks to assume a role with a token.
   */
  readonly kind: 'root' | 'user' | 'role-session' | 'federated-user' | 'web-identity' | 'service' | 'anonymous';
  /** Twelve digits; empty for the kinds without an account. */
  readonly accountId: string;
  /** The account's, by which ACLs and `CanonicalUser` name it; empty for the kinds without an account. */
  readonly canonicalId: string;
  /** As errors and GetCallerIdentity name it: of a session `arn:aws:sts::…:assumed-role/role/session`. */
  readonly arn: string;
  /** Of a session, the role's: `arn:aws:iam::…:role/path/role`. */
  readonly roleArn?: string;
  /** As `aws:userid` has it: the account's id, `AIDA…`, `AROA…:session`, `account:name`. */
  readonly userId: string;
  /** Of a user: `aws:username`. */
  readonly userName?: string;
  /** What `Service` or `Federated` name: `logging.s3.amazonaws.com`, the ARN or host of an identity provider. */
  readonly names?: readonly string[];
  /** Of the user or role, with the session's over them: `aws:PrincipalTag/…`. */
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
}

/** A request that nobody has signed. */
export const nobody: Principal = {
  kind: 'anonymous',
  accountId: '',
  canonicalId: '',
  arn: '*',
  userId: 'anonymous',
};

/** The root of an account. */
export function rootOf({ accountId, canonicalId }: { accountId: string; canonicalId: string }): Principal {
  return { kind: 'root', accountId, canonicalId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId };
}
