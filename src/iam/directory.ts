/**
 * Who there is: accounts and what is in them, as committed to the index, held in memory whole. All changes go through
 * `change`, one at a time: each is decided on what is committed, made durable, and only then visible here. So whatever is
 * looked up is true, and nothing is looked up in the index. Secrets are opened when a key is first used.
 */
import assert from 'node:assert/strict';
import type { Identities } from '../engine/types.ts';
import { type AccountView, type RecordChange, viewAccount } from './account-view.ts';
import type { AccessKeyRecord, AccountRecord, Kind, Records } from './records.ts';

/** What every account record is kept as. */
const accountKey = 'account';

type MutableShelves = { readonly [K in Kind]: Map<string, Records[K]> };

export interface FoundKey {
  readonly accountId: string;
  readonly record: AccessKeyRecord;
}

export class Directory {
  readonly #identities: Identities;
  readonly #declared: readonly AccountRecord[];
  readonly #accounts = new Map<string, MutableShelves>();
  readonly #idsByCanonicalId = new Map<string, string>();
  readonly #accountsOfKeys = new Map<string, string>();
  #revision = 0;
  #isCurrent = false;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(identities: Identities, declared: readonly AccountRecord[]) {
    this.#identities = identities;
    this.#declared = declared;
  }

  /** Accounts that are declared are there as they are declared, whatever is kept of them. */
  static async open(identities: Identities, declared: readonly AccountRecord[]): Promise<Directory> {
    const directory = new Directory(identities, declared);
    await directory.#load();
    return directory;
  }

  /** Grows with every change. */
  get revision(): number {
    return this.#revision;
  }

  accounts(): readonly AccountRecord[] {
    return [...this.#accounts.values()].flatMap((shelves) => shelves.account.get(accountKey) ?? []);
  }

  account(id: string): AccountRecord | undefined {
    return this.#accounts.get(id)?.account.get(accountKey);
  }

  accountOfCanonicalId(canonicalId: string): AccountRecord | undefined {
    const id = this.#idsByCanonicalId.get(canonicalId);
    return id === undefined ? undefined : this.account(id);
  }

  /** A record of an account by its canonical id, for what is asked for by every request. */
  record<K extends Kind>(canonicalId: string, kind: K, key: string): Records[K] | undefined {
    const id = this.#idsByCanonicalId.get(canonicalId);
    return id === undefined ? undefined : this.#accounts.get(id)?.[kind].get(key);
  }

  /** An account by its canonical id or number, or by its e-mail address. */
  findAccount(named: { readonly id: string } | { readonly email: string }): AccountRecord | undefined {
    if ('id' in named) return this.accountOfCanonicalId(named.id) ?? this.account(named.id);
    const email = named.email.toLowerCase();
    return this.accounts().find((account) => account.email?.toLowerCase() === email);
  }

  /** An account to look into; undefined if there is none of the id. */
  view(id: string): AccountView | undefined {
    const shelves = this.#accounts.get(id);
    const account = shelves?.account.get(accountKey);
    return shelves && account && viewAccount(account, shelves);
  }

  accessKey(id: string): FoundKey | undefined {
    const accountId = this.#accountsOfKeys.get(id.toLowerCase());
    if (accountId === undefined) return undefined;
    const record = this.#accounts.get(accountId)?.['access-key'].get(id.toLowerCase());
    return record?.id === id ? { accountId, record } : undefined;
  }

  /** Makes an account or changes what is said of it. */
  putAccount(record: AccountRecord): Promise<void> {
    return this.#serially(async () => {
      await this.#commit(record.id, [{ kind: 'account', key: accountKey, record }]);
    });
  }

  /**
   * Changes an account. `decide` sees what is committed, with nothing in between, and what it throws is thrown on with
   * nothing done. Resolves once the change is durable. Throws EngineError if it cannot be made so.
   */
  change<T>(accountId: string, decide: (view: AccountView) => T): Promise<T> {
    return this.#serially(async () => {
      const shelves = this.#accounts.get(accountId);
      const account = shelves?.account.get(accountKey);
      assert(shelves && account, `there is no account ${accountId}`);
      const changes = new Map<string, RecordChange>();
      const result = decide(viewAccount(account, shelves, changes));
      if (changes.size > 0) await this.#commit(accountId, [...changes.values()]);
      return result;
    });
  }

  async #serially<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (!this.#isCurrent) await this.#load();
      return work();
    });
    // Who comes next waits for the end of this, however it ends; who called hears of the error.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #commit(account: string, changes: readonly RecordChange[]): Promise<void> {
    // A change that fails may show again after a restart of the index: what is in memory is believed once it was read anew.
    this.#isCurrent = false;
    const outcome = await this.#identities.change({
      revision: this.#revision,
      changes: changes.map(({ kind, key: name, record }) => {
        return { account, kind, name, document: record === null ? null : JSON.stringify(record) };
      }),
    });
    assert(outcome === 'changed', 'identities are changed by one directory only');
    this.#isCurrent = true;
    this.#revision += 1;
    for (const change of changes) this.#note(account, change);
  }

  async #load(): Promise<void> {
    const { revision, documents } = await this.#identities.read();
    this.#accounts.clear();
    this.#idsByCanonicalId.clear();
    this.#accountsOfKeys.clear();
    for (const { account, kind, name, document } of documents) {
      // What is read is what `#commit` wrote.
      this.#note(account, { kind: kind as Kind, key: name, record: JSON.parse(document) });
    }
    for (const record of this.#declared) this.#note(record.id, { kind: 'account', key: accountKey, record });
    this.#revision = revision;
    this.#isCurrent = true;
  }

  #note(accountId: string, { kind, key, record }: RecordChange): void {
    const shelves = this.#accounts.get(accountId) ?? emptyShelves();
    this.#accounts.set(accountId, shelves);
    const shelf: Map<string, Records[Kind]> = shelves[kind];
    if (record === null) shelf.delete(key);
    else shelf.set(key, record);
    if (kind === 'account' && record !== null) {
      this.#idsByCanonicalId.set((record as AccountRecord).canonicalId, accountId);
    }
    if (kind !== 'access-key') return;
    if (record === null) this.#accountsOfKeys.delete(key);
    else this.#accountsOfKeys.set(key, accountId);
  }
}

/** What an account has that nobody has made anything in. */
export function emptyShelves(): MutableShelves {
  return {
    account: new Map(),
    user: new Map(),
    group: new Map(),
    role: new Map(),
    policy: new Map(),
    'access-key': new Map(),
    'oidc-provider': new Map(),
    'instance-profile': new Map(),
    'account-alias': new Map(),
    'public-access-block': new Map(),
    topic: new Map(),
    'topic-signing': new Map(),
    queue: new Map(),
    'kms-key': new Map(),
    'kms-alias': new Map(),
  };
}
