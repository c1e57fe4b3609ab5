/** Restores of which something is to be told, by when: one row a version. A version that is gone may still have one. */
import type { Statement, Statements } from './lazy-statements.ts';

export interface RestoreName {
  readonly bucketId: number;
  readonly key: Buffer;
  readonly ordinal: number;
}

export interface RestoreRow extends RestoreName {
  readonly versionId: string;
  readonly dueMs: number;
}

export class RestoreReader {
  readonly #due: Statement<[{ nowMs: number; limit: number }], RestoreRow>;
  readonly #get: Statement<[RestoreName], RestoreRow>;

  constructor(db: Statements) {
    const columns = 'bucket_id AS bucketId, key, ordinal, version_id AS versionId, due_ms AS dueMs';
    this.#due = db.prepare(`SELECT ${columns} FROM restores WHERE due_ms <= $nowMs ORDER BY due_ms LIMIT $limit`);
    this.#get = db.prepare(
      `SELECT ${columns} FROM restores WHERE bucket_id = $bucketId AND key = $key AND ordinal = $ordinal`,
    );
  }

  due(query: { nowMs: number; limit: number }): RestoreRow[] {
    return this.#due.all(query);
  }

  get({ bucketId, key, ordinal }: RestoreName): RestoreRow | undefined {
    return this.#get.get({ bucketId, key, ordinal });
  }
}

export class RestoreWriter extends RestoreReader {
  readonly #put: Statement<[RestoreRow]>;
  readonly #remove: Statement<[RestoreName]>;

  constructor(db: Statements) {
    super(db);
    this.#put = db.prepare('INSERT OR REPLACE INTO restores VALUES ($bucketId, $key, $ordinal, $versionId, $dueMs)');
    this.#remove = db.prepare('DELETE FROM restores WHERE bucket_id = $bucketId AND key = $key AND ordinal = $ordinal');
  }

  put({ bucketId, key, ordinal, versionId, dueMs }: RestoreRow): void {
    this.#put.run({ bucketId, key, ordinal, versionId, dueMs });
  }

  remove({ bucketId, key, ordinal }: RestoreName): void {
    this.#remove.run({ bucketId, key, ordinal });
  }
}
