/**
 * Whether those whom a policy names as principals are there. AWS asks this of every policy of a resource, and so does this
 * server of the accounts that it knows; what is in another account only that one could say.
 */
import type { AccountView } from './account-view.ts';
import { entityArn } from './names.ts';
import type { PolicyDocument } from './policy/document.ts';

type FindAccount = (accountId: string) => AccountView | undefined;

/** The first principal of a known account that is not there, as the policy names it; undefined if there is none. */
export function missingPrincipal({ statements }: PolicyDocument, findAccount: FindAccount): string | undefined {
  const names = statements.flatMap(({ principal }) => {
    return principal === undefined || principal.values === '*' ? [] : (principal.values.AWS ?? []);
  });
  return names.find((name) => !mayBeThere(name, findAccount));
}

function mayBeThere(name: string, findAccount: FindAccount): boolean {
  const [, accountId = '', kind, path = ''] = /^arn:aws:(?:iam|sts)::(\d{12}):([\w-]+)\/(.+)$/s.exec(name) ?? [];
  const view = kind === undefined ? undefined : findAccount(accountId);
  if (view === undefined) return true;
  const segments = path.split('/');
  if (kind === 'assumed-role') return view.roles.get(segments[0] ?? '') !== undefined;
  if (kind !== 'user' && kind !== 'role') return true;
  const found = (kind === 'user' ? view.users : view.roles).get(segments.at(-1) ?? '');
  return found !== undefined && entityArn(accountId, kind, found) === name;
}
