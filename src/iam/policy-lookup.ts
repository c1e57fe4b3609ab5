/** Managed policies by their ARNs, AWS's and an account's own, and the documents that a holder of policies has. */
import type { AccountView } from './account-view.ts';
import { managedPolicy } from './managed-policies.ts';
import { entityArn, parseIamArn } from './names.ts';
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

/** Documents of managed policies; an ARN that names none gives none. */
export function documentsOf(view: AccountView, arns: readonly string[]): readonly string[] {
  return arns.flatMap((arn) => {
    const policy = findPolicy(view, arn);
    return policy === undefined ? [] : [defaultDocument(policy)];
  });
}

/** All that a user, group or role has of its own: inline, then attached. */
export function heldDocuments(view: AccountView, holder: PolicyHolder): readonly string[] {
  return [...Object.values(holder.inline), ...documentsOf(view, holder.attached)];
}
