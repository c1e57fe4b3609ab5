/** Lines of access logs that wait for their delivery, some thousand a row. */

import type { LogBatch, LogGroup, StoredLogBatch } from '../records.ts';
import type { Statement, Statements } from './lazy-statements.ts';

export interface LogBatchQuery {
  readonly bucketId: number;
  readonly day: number;
  /** Sequences up to and including this one are left out. */
  readonly after: number;
  readonly limit: number;
}

export class AccessLogReader {
  readonly #groups: Statement<[], LogGroup>;
  readonly #oldest: Statement<[LogBatchQuery], StoredLogBatch>;

  constructor(db: Statements) {
    // Answered by the index alone.
    this.#groups = db.prepare(`
      SELECT bucket_id AS bucketId, day, MIN(at_ms) AS oldestMs, SUM(lines) AS lines, SUM(size) AS size
      FROM access_log_batches GROUP BY bucket_id, day ORDER BY bucket_id, day`);
    this.#oldest = db.prepare(`
      SELECT sequence, bucket_id AS bucketId, day, at_ms AS atMs, lines, size, source, text
      FROM access_log_batches WHERE bucket_id = $bucketId AND day = $day AND sequence > $after ORDER BY sequence LIMIT $limit`);
  }

  groups(): LogGroup[] {
    return this.#groups.all();
  }
  oldest(query: LogBatchQuery): StoredLogBatch[] {
    return this.#oldest.all(query);
  }
}

export class AccessLogWriter {
  readonly #insert: Statement<[LogBatch & { sequence: number }]>;
  readonly #remove: Statement<[number]>;

  constructor(db: Statements) {
    this.#insert = db.prepare(`
      INSERT INTO access_log_batches (sequence, bucket_id, day, at_ms, lines, size, source, text)
      VALUES ($sequence, $bucketId, $day, $atMs, $lines, $size, $source, $text)`);
    this.#remove = db.prepare('DELETE FROM access_log_batches WHERE sequence = ?');
  }

  insert(batch: LogBatch & { readonly sequence: number }): void {
    this.#insert.run(batch);
  }
  remove(sequence: number): void {
    this.#remove.run(sequence);
  }
}
