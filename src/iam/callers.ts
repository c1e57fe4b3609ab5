/**
 * Who is behind an access key, and what policies the caller has. Both are remembered until the directory changes, so that a
 * request costs a lookup in a map.
 */
import type { Clock } from '../lib/clock.ts';
import { RecentMap } from '../lib/recent-map.ts';
import type { AccountView } from './account-view.ts';
import type { Directory } from './directory.ts';
import { type Identity, rootIdentity } from './identity.ts';
import { entityArn, stsArn } from './names.ts';
import type { PolicyText, PolicyTexts } from './policy/permissions.ts';
import { heldPolicies, managedTexts } from './policy-lookup.ts';
import type { KeyUse, RoleRecord, UserRecord } from './records.ts';
import type { Sealer } from './sealing.ts';
import { readToken, type SessionClaims } from './session-tokens.ts';

/** A key that requests may be signed with. */
export interface CallerKey {
  readonly secret: string;
  readonly identity: Identity;
  /** That must come with the request, as it did. */
  readonly sessionToken?: string;
  readonly isExpired?: true;
}

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
}

export interface CallersOptions {
  readonly directory: Directory;
  /** Keys of accounts' roots that the configuration has. */
  readonly rootKeys: readonly RootKey[];
  readonly secrets: Sealer;
  readonly tokens: Sealer;
  readonly clock: Clock;
}

const keysKept = 4096;

export class Callers {
  readonly #options: CallersOptions;
  readonly #keys = new RecentMap<string, CallerKey>(keysKept);
  readonly #sessions = new RecentMap<string, CallerKey>(keysKept);
  #policies = new WeakMap<Identity, PolicyTexts>();
  readonly #uses = new RecentMap<string, KeyUse>(keysKept);
  /** Keys used since the uses were taken. */
  readonly #used = new Set<string>();
  #revision = -1;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /** The key of an id; with a session token, the session's. Undefined for what is unknown, inactive or does not fit together. */
  findKey(accessKeyId: string, sessionToken?: string): CallerKey | undefined {
    this.#refresh();
    if (sessionToken !== undefined) return this.#findSession(accessKeyId, sessionToken);
    const known = this.#keys.get(accessKeyId);
    if (known !== undefined) return known;
    const found = this.#readKey(accessKeyId);
    if (found !== undefined) this.#keys.set(accessKeyId, found);
    return found;
  }

  policiesOf(identity: Identity): PolicyTexts {
    this.#refresh();
    const known = this.#policies.get(identity);
    if (known !== undefined) return known;
    const found = this.#collectPolicies(identity);
    this.#policies.set(identity, found);
    return found;
  }

  /** Remembers that a key was used, in memory alone. */
  noteUse(accessKeyId: string, use: KeyUse): void {
    this.#uses.set(accessKeyId, use);
    this.#used.add(accessKeyId);
  }

  lastUse(accessKeyId: string): KeyUse | undefined {
    return this.#uses.get(accessKeyId);
  }

  /** The uses noted since the last call. They are remembered all the same, for `lastUse`. */
  takeUses(): ReadonlyMap<string, KeyUse> {
    const taken = new Map(
      [...this.#used].flatMap((id) => {
        const use = this.#uses.get(id);
        return use === undefined ? [] : [[id, use] as const];
      }),
    );
    this.#used.clear();
    return taken;
  }

  #refresh(): void {
    const { revision } = this.#options.directory;
    if (revision === this.#revision) return;
    this.#revision = revision;
    this.#keys.clear();
    this.#sessions.clear();
    this.#policies = new WeakMap();
  }

  #readKey(accessKeyId: string): CallerKey | undefined {
    const { directory, rootKeys, secrets } = this.#options;
    const rootKey = rootKeys.find((key) => key.accessKeyId === accessKeyId);
    if (rootKey !== undefined) {
      const account = directory.account(rootKey.accountId);
      return account && { secret: rootKey.secretAccessKey, identity: rootIdentity(account) };
    }
    const found = directory.accessKey(accessKeyId);
    if (found === undefined || found.record.status !== 'Active') return undefined;
    const secret = secrets.open(Buffer.from(found.record.secret, 'base64'));
    const view = directory.view(found.accountId);
    if (secret === undefined || view === undefined) return undefined;
    const { user: userKey } = found.record;
    if (userKey === undefined) return { secret: secret.toString(), identity: rootIdentity(view.account) };
    const user = view.users.get(userKey);
    return user && { secret: secret.toString(), identity: userIdentity(view, user) };
  }

  #findSession(accessKeyId: string, sessionToken: string): CallerKey | undefined {
    // Of the key too: a token that is known must not vouch for a key that it does not belong to.
    const name = `${accessKeyId}/${sessionToken}`;
    const found = this.#sessions.get(name) ?? this.#readSession(accessKeyId, sessionToken);
    if (found === undefined) return undefined;
    this.#sessions.set(name, found);
    const isExpired = this.#options.clock.nowMs() >= (found.identity.session?.expiresMs ?? 0);
    return isExpired ? { ...found, isExpired } : found;
  }

  #readSession(accessKeyId: string, sessionToken: string): CallerKey | undefined {
    const claims = readToken(this.#options.tokens, sessionToken);
    if (claims === undefined || claims.accessKeyId !== accessKeyId) return undefined;
    const view = this.#options.directory.view(claims.accountId);
    const identity = view && sessionIdentity(view, claims);
    return identity && { secret: claims.secretAccessKey, identity, sessionToken };
  }

  #collectPolicies({ kind, name, accountId, session }: Identity): PolicyTexts {
    const view = this.#options.directory.view(accountId);
    if (view === undefined) return { identity: [] };
    const given = session && {
      session: [
        ...(session.policies ?? []).map((document) => ({ name: 'the policy given to the session', document })),
        ...managedTexts(view, session.policyArns ?? []),
      ],
    };
    const hasGiven = session?.policies !== undefined || session?.policyArns !== undefined || kind === 'federated';
    const holder = name === undefined ? undefined : kind === 'role' ? view.roles.get(name) : view.users.get(name);
    return {
      ...(name !== undefined && { identity: [] }),
      ...(holder !== undefined && { identity: policiesOfHolder(view, holder) }),
      ...boundaryOf(view, holder),
      ...(hasGiven && given),
    };
  }
}

/** Of a user, with those of its groups, or of a role. */
function policiesOfHolder(view: AccountView, holder: UserRecord | RoleRecord): readonly PolicyText[] {
  if (!('groups' in holder)) return heldPolicies(view, holder, `role ${holder.name}`);
  const groups = holder.groups.flatMap((key) => view.groups.get(key) ?? []);
  return [
    ...heldPolicies(view, holder, `user ${holder.name}`),
    ...groups.flatMap((group) => heldPolicies(view, group, `group ${group.name}`)),
  ];
}

function boundaryOf(view: AccountView, holder: UserRecord | RoleRecord | undefined): Pick<PolicyTexts, 'boundary'> {
  return holder?.boundary === undefined ? {} : { boundary: managedTexts(view, [holder.boundary]) };
}

/** A user with keys that last. */
export function userIdentity({ account }: AccountView, user: UserRecord): Identity {
  return {
    kind: 'user',
    ...accountMembers(account),
    arn: entityArn(account.id, 'user', user),
    userId: user.id,
    name: user.name,
    tags: user.tags,
  };
}

function accountMembers({ id, canonicalId, displayName }: AccountView['account']) {
  return { accountId: id, canonicalId, displayName };
}

/** Undefined where the session's principal is gone, or another one has its name now. */
export function sessionIdentity(view: AccountView, claims: SessionClaims): Identity | undefined {
  const { kind, principal, sessionName = '', session } = claims;
  const { account } = view;
  if (kind === 'root') return { ...rootIdentity(account), session };
  if (kind === 'role') {
    const role = principal && view.roles.get(principal.name);
    if (role === undefined || role.id !== principal?.id) return undefined;
    const arn = stsArn(account.id, `assumed-role/${role.name}/${sessionName}`);
    const userId = `${role.id}:${sessionName}`;
    const tags = mergeTags(role.tags, session.tags);
    const roleArn = entityArn(account.id, 'role', role);
    return { kind, ...accountMembers(account), arn, roleArn, userId, name: role.name, tags, session };
  }
  const user = principal && view.users.get(principal.name);
  if (principal !== undefined && user?.id !== principal.id) return undefined;
  if (kind === 'user') return user && { ...userIdentity(view, user), session };
  return {
    kind,
    ...accountMembers(account),
    arn: stsArn(account.id, `federated-user/${sessionName}`),
    userId: `${account.id}:${sessionName}`,
    ...(user !== undefined && { name: user.name }),
    tags: session.tags,
    session,
  };
}

/** A session's tag takes the place of the principal's with the same key, in any case of letters. */
function mergeTags(own: Identity['tags'], given: Identity['tags']): Identity['tags'] {
  const replaced = new Set(given.map(({ key }) => key.toLowerCase()));
  return [...own.filter(({ key }) => !replaced.has(key.toLowerCase())), ...given];
}
