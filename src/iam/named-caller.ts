/** A caller by a name that a person gives: what its requests would be made as. */
import { sessionIdentity, userIdentity } from './callers.ts';
import { IamError } from './errors.ts';
import type { Iam } from './iam.ts';
import { anonymous, type Identity, rootIdentity } from './identity.ts';

const sessionName = 'explain';

export interface NamedCaller {
  readonly name: string;
  /** Where a user's name belongs. */
  readonly accountId: string;
}

/**
 * `anonymous`; the id of an access key that lasts; the ARN of a root, user, role or session of a role; or the name of a user
 * of the account given, or `root`. A role is taken as a session of it without policies of its own. Throws NoSuchEntity.
 */
export function findCaller(iam: Iam, { name, accountId }: NamedCaller): Identity {
  if (name === 'anonymous') return anonymous;
  const found = name.startsWith('arn:') ? byArn(iam, name) : byName(iam, { name, accountId });
  if (found !== undefined) return found;
  throw new IamError('NoSuchEntity', `There is no user, role or access key ${name}.`);
}

function byName({ directory, callers }: Iam, { name, accountId }: NamedCaller): Identity | undefined {
  const view = directory.view(accountId);
  if (view !== undefined && name === 'root') return rootIdentity(view.account);
  const user = view?.users.get(name);
  return view !== undefined && user !== undefined ? userIdentity(view, user) : callers.findKey(name)?.identity;
}

function byArn({ directory }: Iam, arn: string): Identity | undefined {
  const [, accountId = '', kind, path = ''] =
    /^arn:aws:(?:iam|sts)::(\d{12}):(root|user|role|assumed-role)(?:\/(.*))?$/s.exec(arn) ?? [];
  const view = directory.view(accountId);
  if (view === undefined) return undefined;
  if (kind === 'root') return rootIdentity(view.account);
  if (kind === 'user') {
    const user = view.users.get(path.split('/').at(-1) ?? '');
    return user && userIdentity(view, user);
  }
  const parts = path.split('/');
  const [roleName, session] = kind === 'role' ? [parts.at(-1), sessionName] : parts;
  const role = view.roles.get(roleName ?? '');
  if (role === undefined) return undefined;
  return sessionIdentity(view, {
    ...{ accessKeyId: '', secretAccessKey: '', accountId, kind: 'role', principal: role },
    ...{ sessionName: session ?? sessionName, session: { issuedMs: 0, expiresMs: 0, tags: [] } },
  });
}
