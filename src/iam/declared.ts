/**
 * What the configuration says of accounts. The accounts and their roots' keys are there as long as they are written there;
 * what is in them is made where it is missing, and from then on belongs to whoever changes it by the API, but for the keys
 * of users, which are kept as they are written.
 */
import type { AccountView } from './account-view.ts';
import { checkDocument, checkName, checkPath, checkTags, checkTrust, nameRules } from './api/validation.ts';
import type { Directory } from './directory.ts';
import { IamError } from './errors.ts';
import { newId } from './names.ts';
import { findPolicy } from './policy-lookup.ts';
import { keyOf } from './records.ts';
import type { Sealer } from './sealing.ts';

type Document = Readonly<Record<string, unknown>>;

interface DeclaredHolder {
  readonly name: string;
  readonly path: string;
  /** ARNs of managed policies. */
  readonly policies: readonly string[];
  readonly inlinePolicies: Readonly<Record<string, Document>>;
}

interface DeclaredPrincipal extends DeclaredHolder {
  readonly boundary?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

interface DeclaredKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface DeclaredUser extends DeclaredPrincipal {
  readonly groups: readonly string[];
  readonly keys: readonly DeclaredKey[];
}

interface DeclaredRole extends DeclaredPrincipal {
  readonly trust: Document;
  readonly maxSessionSeconds: number;
}

export interface DeclaredAccount {
  readonly id: string;
  readonly displayName: string;
  readonly email?: string | undefined;
  readonly rootKey?: DeclaredKey | undefined;
  readonly policies?: readonly { readonly name: string; readonly path: string; readonly document: Document }[];
  readonly groups?: readonly DeclaredHolder[];
  readonly users?: readonly DeclaredUser[];
  readonly roles?: readonly DeclaredRole[];
  readonly oidcProviders?: readonly { readonly url: string; readonly clientIds: readonly string[] }[];
}

/** What the configuration says cannot be made; the message names the entity and what is wrong with it. */
export class DeclarationError extends Error {
  override readonly name = 'DeclarationError';
}

interface Making {
  readonly view: AccountView;
  readonly secrets: Sealer;
  readonly nowMs: number;
}

/** Throws DeclarationError. */
export async function makeDeclared(
  { directory, secrets }: { readonly directory: Directory; readonly secrets: Sealer },
  account: DeclaredAccount,
  nowMs: number,
): Promise<void> {
  const { id, policies = [], groups = [], users = [], roles = [], oidcProviders = [] } = account;
  if (policies.length + groups.length + users.length + roles.length + oidcProviders.length === 0) return;
  await directory.change(id, (view) => {
    const making = { view, secrets, nowMs };
    for (const policy of policies) naming(`policy ${policy.name} of account ${id}`, () => makePolicy(making, policy));
    for (const group of groups) naming(`group ${group.name} of account ${id}`, () => makeGroup(making, group));
    for (const user of users) naming(`user ${user.name} of account ${id}`, () => makeUser(making, user));
    for (const role of roles) naming(`role ${role.name} of account ${id}`, () => makeRole(making, role));
    for (const { url: text, clientIds } of oidcProviders) {
      const url = text.replace(/^https?:\/\//, '').replace(/\/$/, '');
      if (view.oidcProviders.get(url) !== undefined) continue;
      view.oidcProviders.put(url, { url, clientIds, thumbprints: [], createdMs: nowMs, tags: [] });
    }
  });
}

function naming(entity: string, make: () => void): void {
  try {
    make();
  } catch (cause) {
    if (!(cause instanceof IamError)) throw cause;
    throw new DeclarationError(`accounts: ${entity}: ${cause.message}`, { cause });
  }
}

function makePolicy(
  { view, nowMs }: Making,
  { name, path, document }: { name: string; path: string; document: Document },
) {
  if (view.policies.get(name) !== undefined) return;
  const text = checkDocument(JSON.stringify(document));
  view.policies.put(name, {
    ...{ name: checkName(name, nameRules.policy), path: checkPath(path), id: newId('policy') },
    ...{ createdMs: nowMs, updatedMs: nowMs, tags: [], defaultVersion: 'v1', lastVersion: 1 },
    versions: [{ id: 'v1', document: text, createdMs: nowMs }],
  });
}

function makeGroup(making: Making, declared: DeclaredHolder): void {
  const { view, nowMs } = making;
  if (view.groups.get(declared.name) !== undefined) return;
  const name = checkName(declared.name, nameRules.group);
  view.groups.put(name, { name, id: newId('group'), createdMs: nowMs, ...heldBy(view, declared) });
}

function makeUser(making: Making, declared: DeclaredUser): void {
  const { view, nowMs } = making;
  const name = checkName(declared.name, nameRules.user);
  if (view.users.get(name) === undefined) {
    const groups = declared.groups.map((group) => {
      if (view.groups.get(group) !== undefined) return keyOf(group);
      throw new IamError('NoSuchEntity', `The group with name ${group} cannot be found.`);
    });
    const own = { ...heldBy(view, declared), ...boundOf(view, declared) };
    view.users.put(name, { name, id: newId('user'), createdMs: nowMs, ...own, groups });
  }
  for (const key of declared.keys) makeKey(making, keyOf(name), key);
}

function makeRole(making: Making, declared: DeclaredRole): void {
  const { view, nowMs } = making;
  if (view.roles.get(declared.name) !== undefined) return;
  const name = checkName(declared.name, nameRules.role);
  const trust = checkTrust(JSON.stringify(declared.trust));
  const own = { ...heldBy(view, declared), ...boundOf(view, declared) };
  const { maxSessionSeconds } = declared;
  view.roles.put(name, { name, id: newId('role'), createdMs: nowMs, ...own, trust, maxSessionSeconds });
}

/** A key as it is written; one that has the same secret stays as it is, be it inactive. */
function makeKey({ view, secrets, nowMs }: Making, user: string, { accessKeyId: id, secretAccessKey }: DeclaredKey) {
  const known = view.accessKeys.get(id);
  const secret = known && secrets.open(Buffer.from(known.secret, 'base64'))?.toString();
  if (known?.user === user && secret === secretAccessKey) return;
  const sealed = secrets.seal(Buffer.from(secretAccessKey)).toString('base64');
  view.accessKeys.put(id, { id, user, status: 'Active', createdMs: nowMs, secret: sealed });
}

function heldBy(view: AccountView, { path, policies, inlinePolicies }: DeclaredHolder) {
  const inline = Object.entries(inlinePolicies).map(([name, document]) => {
    return [checkName(name, nameRules.policy), checkDocument(JSON.stringify(document))];
  });
  return {
    path: checkPath(path),
    inline: Object.fromEntries(inline),
    attached: policies.map((arn) => requireManaged(view, arn)),
  };
}

function boundOf(view: AccountView, { boundary, tags }: DeclaredPrincipal) {
  return {
    tags: checkTags(Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))),
    ...(boundary !== undefined && { boundary: requireManaged(view, boundary) }),
  };
}

function requireManaged(view: AccountView, arn: string): string {
  if (findPolicy(view, arn) !== undefined) return arn;
  throw new IamError('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
}
