/** Managed policies by their ARNs, AWS's and an account's own, and the policies that a holder of them has. */
import type { AccountView } from './account-view.ts';
import { managedPolicy } from './managed-policies.ts';
import { entityArn, parseIamArn } from './names.ts';
import type { PolicyText } from './policy/permissions.ts';
import type { PolicyHolder, PolicyRecord } from './records.ts';

/** The policy that an ARN names, which must be AWS's or of the account itself. */
export function findPolicy(view: AccountView, arn: string): PolicyRecord | undefined {
  const parsed = parseIamArn(arn);
  if (parsed?.accountId === 'aws') return managedPolicy(arn);
  if (parsed?.accountId !== view.account.id) return undefined;
  const name = /^policy\/(?:.*\/)?([^/]+)$/s.exec(parsed.resource)?.[1];
  const policy = name === undefined ? undefined : view.policies.get(name);
  return policy && entityArn(view.account.id, 'policy', policy) === arn ? policy : undefined;
}

export function defaultDocument(policy: PolicyRecord): string {
  const version = policy.versions.find(({ id }) => id === policy.defaultVersion);
  if (version === undefined) throw new Error(`Policy ${policy.name} has no version ${policy.defaultVersion}`);
  return version.document;
}

/** Managed policies by their ARNs; one that names none gives none. */
export function managedTexts(view: AccountView, arns: readonly string[]): readonly PolicyText[] {
  return arns.flatMap((arn) => {
    const policy = findPolicy(view, arn);
    return policy === undefined ? [] : [{ name: arn, document: defaultDocument(policy) }];
  });
}

/** All that a user, group or role has of its own: inline, then attached. `who` is for people: `user alice`. */
export function heldPolicies(view: AccountView, holder: PolicyHolder, who: string): readonly PolicyText[] {
  return [
    ...Object.entries(holder.inline).map(([name, document]) => ({ name: `${name} of ${who}`, document })),
    ...managedTexts(view, holder.attached).map(({ name, document }) => ({ name: `${name} of ${who}`, document })),
  ];
}
