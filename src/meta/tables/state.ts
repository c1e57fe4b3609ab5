/** The single row that says how far the log is applied and which numbers come next. */
import assert from 'node:assert';
import type { Statement, Statements } from './lazy-statements.ts';

/** Where a record lies, the same in every zone's log: the file, by its first sequence, and the byte offset in it. */
export interface LogPosition {
  readonly file: number;
  readonly offset: number;
}

/** The last log record applied; sequence 0 if there is none. */
export interface Applied {
  readonly sequence: number;
  readonly checksum: number;
  readonly position: LogPosition;
}

/** Numbers that `apply` gives out. Each is the next one free, but for `lastOrdinal`, the largest one seen. */
export interface Counters {
  lastOrdinal: number;
  bucketId: number;
  blobId: number;
  contentId: number;
  outboxSequence: number;
}

interface StateRow extends Counters {
  readonly clusterId: string;
  readonly sequence: number;
  readonly checksum: number;
  readonly file: number;
  readonly offset: number;
}

export class StateReader {
  readonly #get: Statement<[], StateRow>;

  constructor(db: Statements) {
    this.#get = db.prepare(`
      SELECT cluster_id AS clusterId, last_sequence AS sequence, last_checksum AS checksum, log_file AS file,
        log_offset AS offset, last_ordinal AS lastOrdinal, next_bucket_id AS bucketId, next_blob_id AS blobId,
        next_content_id AS contentId, next_outbox_sequence AS outboxSequence
      FROM state`);
  }

  clusterId(): string {
    return this.#row().clusterId;
  }
  applied(): Applied {
    const { sequence, checksum, file, offset } = this.#row();
    return { sequence, checksum, position: { file, offset } };
  }
  counters(): Counters {
    const { lastOrdinal, bucketId, blobId, contentId, outboxSequence } = this.#row();
    return { lastOrdinal, bucketId, blobId, contentId, outboxSequence };
  }

  #row(): StateRow {
    const row = this.#get.get();
    assert(row !== undefined, 'the index database has its state row since it was made');
    return row;
  }
}

export class StateWriter extends StateReader {
  readonly #update: Statement<[Omit<StateRow, 'clusterId'>]>;

  constructor(db: Statements) {
    super(db);
    this.#update = db.prepare(`
      UPDATE state SET last_sequence = $sequence, last_checksum = $checksum, log_file = $file, log_offset = $offset,
        last_ordinal = $lastOrdinal, next_bucket_id = $bucketId, next_blob_id = $blobId, next_content_id = $contentId,
        next_outbox_sequence = $outboxSequence`);
  }

  update(applied: Applied, counters: Counters): void {
    const { sequence, checksum, position } = applied;
    this.#update.run({ ...counters, sequence, checksum, ...position });
  }
}
