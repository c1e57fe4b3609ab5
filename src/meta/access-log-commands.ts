/** Commands on lines of access logs that wait for their delivery. */
import type { LogBatch } from './records.ts';

/** Keeps lines of a bucket's access log, also if the bucket is gone meanwhile. */
export interface AddLogBatch extends Omit<LogBatch, 'text'> {
  readonly type: 'add-log-batch';
  /** The lines' text in base64. */
  readonly text: string;
}

/** Forgets batches by their sequences, as they were delivered or given up. */
export interface DropLogBatches {
  readonly type: 'drop-log-batches';
  readonly sequences: readonly number[];
}
