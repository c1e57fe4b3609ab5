/** Users as the operator makes and removes them, without the IAM API: each call is one change, whole or not at all. */
import type { Clock } from '../lib/clock.ts';
import type { AccountView } from './account-view.ts';
import { requireUser } from './api/entities.ts';
import { checkName, nameRules } from './api/validation.ts';
import { IamError } from './errors.ts';
import type { Iam } from './iam.ts';
import { entityArn, newAccessKey, newId } from './names.ts';
import { findPolicy } from './policy-lookup.ts';
import { keyOf, type UserRecord } from './records.ts';

const keysMax = 2;

export interface DescribedUser {
  readonly name: string;
  readonly arn: string;
  readonly createdMs: number;
  /** Of managed policies the ARNs, of inline ones the names, groups left out. */
  readonly policies: readonly string[];
  readonly groups: readonly string[];
  readonly keys: readonly { readonly accessKeyId: string; readonly isActive: boolean; readonly lastUsedMs?: number }[];
}

export interface NewKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** All throw IamError to refuse. `account` is an account's number. */
export interface UserAdministration {
  list(account: string): readonly DescribedUser[];
  /** A user with a key; policies are ARNs, or names of AWS's. */
  create(account: string, request: { name: string; policies: readonly string[] }): Promise<NewKey>;
  addKey(account: string, request: { name: string }): Promise<NewKey>;
  /** Removes a user with its keys, whatever policies it has. */
  remove(account: string, request: { name: string }): Promise<void>;
}

export function createUserAdministration(iam: Iam, clock: Clock): UserAdministration {
  const change = <T>(account: string, decide: (view: AccountView) => T): Promise<T> => {
    requireAccount(iam, account);
    return iam.directory.change(account, decide);
  };
  return {
    list: (account) => {
      const view = requireAccount(iam, account);
      return view.users.all().map((user) => describe(iam, view, user));
    },
    create: async (account, { name, policies }) =>
      await change(account, (view) => {
        checkName(name, nameRules.user);
        if (view.users.get(name) !== undefined) {
          throw new IamError('EntityAlreadyExists', `User with name ${name} already exists.`);
        }
        const attached = policies.map((policy) => arnOf(view, policy));
        view.users.put(name, {
          ...{ name, path: '/', id: newId('user'), createdMs: clock.nowMs() },
          ...{ inline: {}, attached, tags: [], groups: [] },
        });
        return makeKey(iam, view, { name, nowMs: clock.nowMs() });
      }),
    addKey: async (account, { name }) =>
      await change(account, (view) => makeKey(iam, view, { name: requireUser(view, name).name, nowMs: clock.nowMs() })),
    remove: async (account, { name }) =>
      await change(account, (view) => {
        const user = requireUser(view, name);
        for (const key of keysOf(view, user)) view.accessKeys.remove(key.id);
        view.users.remove(user.name);
      }),
  };
}

function requireAccount({ directory }: Iam, account: string): AccountView {
  const view = directory.view(account);
  if (view !== undefined) return view;
  throw new IamError('NoSuchEntity', `There is no account ${account}.`);
}

function arnOf(view: AccountView, policy: string): string {
  const arn = policy.startsWith('arn:') ? policy : `arn:aws:iam::aws:policy/${policy}`;
  if (findPolicy(view, arn) !== undefined) return arn;
  throw new IamError('NoSuchEntity', `There is no policy ${policy}.`);
}

function keysOf(view: AccountView, { name }: Pick<UserRecord, 'name'>) {
  return view.accessKeys.all().filter((key) => key.user === keyOf(name));
}

function makeKey({ secrets }: Iam, view: AccountView, { name, nowMs }: { name: string; nowMs: number }): NewKey {
  if (keysOf(view, { name }).length >= keysMax) {
    throw new IamError('LimitExceeded', `${name} has ${keysMax} keys already: delete one first.`);
  }
  const made = newAccessKey('AKIA');
  const secret = secrets.seal(Buffer.from(made.secretAccessKey)).toString('base64');
  view.accessKeys.put(made.accessKeyId, {
    ...{ id: made.accessKeyId, user: keyOf(name), status: 'Active', createdMs: nowMs, secret },
  });
  return made;
}

function describe({ callers }: Iam, view: AccountView, user: UserRecord): DescribedUser {
  return {
    name: user.name,
    arn: entityArn(view.account.id, 'user', user),
    createdMs: user.createdMs,
    policies: [...user.attached, ...Object.keys(user.inline)],
    groups: user.groups.flatMap((key) => view.groups.get(key)?.name ?? []),
    keys: keysOf(view, user).map(({ id, status, lastUse }) => {
      const lastUsedMs = (callers.lastUse(id) ?? lastUse)?.atMs;
      return { accessKeyId: id, isActive: status === 'Active', ...(lastUsedMs !== undefined && { lastUsedMs }) };
    }),
  };
}
