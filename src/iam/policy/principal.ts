/** Who asks, as policies name it. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */

export interface Principal {
  /**
   * `user` also with the keys of GetSessionToken, `role` for a session of one, `federated` for the keys of
   * GetFederationToken, `web-identity` for who asks to assume a role with a token of an identity provider.
   */
  readonly kind: 'root' | 'user' | 'role' | 'federated' | 'web-identity' | 'service' | 'anonymous';
  /** Twelve digits; empty for the kinds without an account. */
  readonly accountId: string;
  /** The account's, by which ACLs and `CanonicalUser` name it. */
  readonly canonicalId: string;
  /** As errors and GetCallerIdentity name it: of a session `arn:aws:sts::…:assumed-role/role/session`. */
  readonly arn: string;
  /** Of a session, the role's: `arn:aws:iam::…:role/path/role`. */
  readonly roleArn?: string;
  /** What `Service` or `Federated` may call it: `logging.s3.amazonaws.com`, the ARN or host of an identity provider. */
  readonly names?: readonly string[];
}
