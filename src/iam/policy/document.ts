/** A policy document that has been read: everything in its long form. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */

export type Effect = 'Allow' | 'Deny';

/** Values by kind of principal; `*` alone is everybody. */
export type PrincipalElement = '*' | Readonly<Partial<Record<PrincipalKind, readonly string[]>>>;
export type PrincipalKind = 'AWS' | 'Federated' | 'Service' | 'CanonicalUser';

/** Values by operator and key, as the document spells these. */
export type ConditionBlock = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** An element or its contrary: `isNot` for NotAction, NotResource and NotPrincipal. */
export interface Listed<T> {
  readonly isNot: boolean;
  readonly values: T;
}

export interface PolicyStatement {
  readonly sid: string | undefined;
  readonly effect: Effect;
  readonly principal: Listed<PrincipalElement> | undefined;
  readonly action: Listed<readonly string[]>;
  /** Trust policies have none. */
  readonly resource: Listed<readonly string[]> | undefined;
  readonly conditions: ConditionBlock;
}

export interface PolicyDocument {
  /** Variables are of version 2012-10-17; a document without a version is of 2008. */
  readonly hasVariables: boolean;
  readonly statements: readonly PolicyStatement[];
}

/** Length of a document as the limits of IAM count it: white space is free. */
export function policySize(text: string): number {
  return text.replace(/\s/g, '').length;
}
