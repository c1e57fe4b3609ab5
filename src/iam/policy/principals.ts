/** The Principal and NotPrincipal of a statement: whether they mean who asks, and how directly. */
import type { Listed, PrincipalElement } from './document.ts';
import type { Principal } from './principal.ts';

/**
 * How a statement names who asks: not at all; by its account, which leaves to the account who of it may; by the role of a
 * session, which its boundary and session policies still limit; or itself, also as one of everybody.
 */
export type PrincipalMatch = 'none' | 'account' | 'role' | 'direct';

export type PrincipalMatcher = (principal: Principal, hasBoundary: boolean) => PrincipalMatch;

const accountPattern = /^(?:arn:aws:iam::([^:]*):root|(\d{12}))$/;

export function principalMatcher({ isNot, values }: Listed<PrincipalElement>): PrincipalMatcher {
  const named = new Named(values);
  return isNot
    ? (principal, hasBoundary) => named.matchOthers(principal, hasBoundary)
    : (principal) => named.match(principal);
}

class Named {
  readonly #everybody: boolean;
  /** `"AWS": "*"`, which means no services and no identity providers. */
  readonly #everyAccount: boolean;
  readonly #arns: ReadonlySet<string>;
  readonly #accounts: ReadonlySet<string>;
  readonly #canonicalIds: ReadonlySet<string>;
  readonly #services: ReadonlySet<string>;
  readonly #providers: ReadonlySet<string>;

  constructor(element: PrincipalElement) {
    const { AWS = [], CanonicalUser = [], Service = [], Federated = [] } = element === '*' ? {} : element;
    this.#everybody = element === '*';
    this.#everyAccount = AWS.includes('*');
    this.#arns = new Set(AWS);
    this.#accounts = new Set(AWS.flatMap((name) => accountOf(name) ?? []));
    this.#canonicalIds = new Set(CanonicalUser);
    this.#services = new Set(Service);
    this.#providers = new Set(Federated);
  }

  match(principal: Principal): PrincipalMatch {
    if (this.#everybody) return 'direct';
    switch (principal.kind) {
      case 'service':
        return principal.names?.some((name) => this.#services.has(name)) ? 'direct' : 'none';
      case 'web-identity':
        return principal.names?.some((name) => this.#providers.has(name)) ? 'direct' : 'none';
      case 'anonymous':
        return this.#everyAccount ? 'direct' : 'none';
    }
    if (this.#everyAccount || this.#arns.has(principal.arn)) return 'direct';
    if (principal.roleArn !== undefined && this.#arns.has(principal.roleArn)) return 'role';
    return this.#namesAccount(principal) ? 'account' : 'none';
  }

  /**
   * For NotPrincipal. AWS looks at the account first, then the role, then who asks itself, and each must be listed to be
   * spared. Who has a permissions boundary is never spared.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
   */
  matchOthers(principal: Principal, hasBoundary: boolean): PrincipalMatch {
    if (hasBoundary) return 'direct';
    if (this.#everybody) return 'none';
    if (principal.kind === 'anonymous' || principal.kind === 'service' || principal.kind === 'web-identity') {
      return this.match(principal) === 'none' ? 'direct' : 'none';
    }
    if (this.#everyAccount) return 'none';
    const { arn, roleArn } = principal;
    const isListed =
      this.#namesAccount(principal) &&
      (principal.kind === 'root' || this.#arns.has(arn)) &&
      (roleArn === undefined || this.#arns.has(roleArn));
    return isListed ? 'none' : 'direct';
  }

  #namesAccount({ accountId, canonicalId }: Principal): boolean {
    return this.#accounts.has(accountId) || this.#canonicalIds.has(canonicalId);
  }
}

function accountOf(name: string): string | undefined {
  const found = accountPattern.exec(name);
  return found?.[1] ?? found?.[2];
}
