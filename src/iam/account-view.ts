/**
 * One account's records, typed: what the operations of the IAM API look at and change. A view that is open for changes
 * gathers them over what is there, sees its own, and hands them over as a whole.
 */
import assert from 'node:assert/strict';
import { type AccountRecord, type Kind, keyOf, type Records } from './records.ts';

/** Records of one kind by their keys, as they were committed. */
export type Shelf<K extends Kind> = ReadonlyMap<string, Records[K]>;
export type Shelves = { readonly [K in Kind]: Shelf<K> };

export interface RecordChange {
  readonly kind: Kind;
  readonly key: string;
  readonly record: Records[Kind] | null;
}

/** Records of one kind. Names are told apart without regard to case. */
export interface Collection<T> {
  get(name: string): T | undefined;
  /** In order of name. */
  all(): readonly T[];
  put(name: string, record: T): void;
  remove(name: string): void;
}

export interface AccountView {
  readonly account: AccountRecord;
  readonly users: Collection<Records['user']>;
  readonly groups: Collection<Records['group']>;
  readonly roles: Collection<Records['role']>;
  readonly policies: Collection<Records['policy']>;
  readonly accessKeys: Collection<Records['access-key']>;
  readonly oidcProviders: Collection<Records['oidc-provider']>;
  readonly instanceProfiles: Collection<Records['instance-profile']>;
  /** By themselves; an account has one at most. */
  readonly aliases: Collection<Records['account-alias']>;
  readonly publicAccessBlocks: Collection<Records['public-access-block']>;
  readonly topics: Collection<Records['topic']>;
  /** By themselves; the server's own account has one. */
  readonly topicSigning: Collection<Records['topic-signing']>;
  readonly queues: Collection<Records['queue']>;
  readonly kmsKeys: Collection<Records['kms-key']>;
  readonly kmsAliases: Collection<Records['kms-alias']>;
}

/** A view, and the changes that go into `changes` where it is given; a view without refuses them. */
export function viewAccount(
  account: AccountRecord,
  shelves: Shelves,
  changes?: Map<string, RecordChange>,
): AccountView {
  const collect = <K extends Kind>(kind: K): Collection<Records[K]> => new KindView(kind, shelves[kind], changes);
  return {
    account,
    users: collect('user'),
    groups: collect('group'),
    roles: collect('role'),
    policies: collect('policy'),
    accessKeys: collect('access-key'),
    oidcProviders: collect('oidc-provider'),
    instanceProfiles: collect('instance-profile'),
    aliases: collect('account-alias'),
    publicAccessBlocks: collect('public-access-block'),
    topics: collect('topic'),
    topicSigning: collect('topic-signing'),
    queues: collect('queue'),
    kmsKeys: collect('kms-key'),
    kmsAliases: collect('kms-alias'),
  };
}

class KindView<K extends Kind> implements Collection<Records[K]> {
  readonly #kind: K;
  readonly #shelf: Shelf<K>;
  readonly #changes: Map<string, RecordChange> | undefined;
  /** This kind's own changes, typed. */
  readonly #own = new Map<string, Records[K] | null>();

  constructor(kind: K, shelf: Shelf<K>, changes: Map<string, RecordChange> | undefined) {
    this.#kind = kind;
    this.#shelf = shelf;
    this.#changes = changes;
  }

  get(name: string): Records[K] | undefined {
    const key = keyOf(name);
    const changed = this.#own.get(key);
    return changed === undefined ? this.#shelf.get(key) : (changed ?? undefined);
  }

  all(): readonly Records[K][] {
    const merged = new Map<string, Records[K] | null>([...this.#shelf, ...this.#own]);
    const keys = [...merged.keys()].sort();
    return keys.flatMap((key) => merged.get(key) ?? []);
  }

  put(name: string, record: Records[K]): void {
    this.#note(keyOf(name), record);
  }

  remove(name: string): void {
    this.#note(keyOf(name), null);
  }

  #note(key: string, record: Records[K] | null): void {
    assert(this.#changes, 'a view that is only read takes no changes');
    this.#own.set(key, record);
    this.#changes.set(`${this.#kind}/${key}`, { kind: this.#kind, key, record });
  }
}
