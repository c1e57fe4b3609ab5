/** Accounts, users, keys and what else says who there is, as documents, and how often they have been changed. */
import assert from 'node:assert';
import type { IdentityDocument, IdentityName } from '../records.ts';
import type { Statement, Statements } from './lazy-statements.ts';

export class IdentityReader {
  readonly #all: Statement<[], IdentityDocument>;
  readonly #revision: Statement<[], { revision: number }>;

  constructor(db: Statements) {
    this.#all = db.prepare('SELECT account, kind, name, document FROM identities ORDER BY account, kind, name');
    this.#revision = db.prepare('SELECT revision FROM identity_revision');
  }

  all(): IdentityDocument[] {
    return this.#all.all();
  }
  revision(): number {
    const row = this.#revision.get();
    assert(row !== undefined, 'the index database has its identity revision since it was made');
    return row.revision;
  }
}

export class IdentityWriter extends IdentityReader {
  readonly #set: Statement<[IdentityDocument]>;
  readonly #remove: Statement<[string, string, string]>;
  readonly #setRevision: Statement<[number]>;

  constructor(db: Statements) {
    super(db);
    this.#set = db.prepare('INSERT OR REPLACE INTO identities VALUES ($account, $kind, $name, $document)');
    this.#remove = db.prepare('DELETE FROM identities WHERE account = ? AND kind = ? AND name = ?');
    this.#setRevision = db.prepare('UPDATE identity_revision SET revision = ?');
  }

  /** Writes a document over what was there, or removes it. */
  set({ account, kind, name, document }: IdentityName & { readonly document: string | null }): void {
    if (document === null) this.#remove.run(account, kind, name);
    else this.#set.run({ account, kind, name, document });
  }
  setRevision(revision: number): void {
    this.#setRevision.run(revision);
  }
}
