/**
 * The commit log over all zones: one record at a time, appended to every zone's copy in parallel and durable with a
 * majority of them. All copies are the same bytes but for the file headers, so a position means the same in each.
 *
 * A wave that fails voids its record: it is cut off where that can be done, and the next record carries a new epoch, which a
 * majority has been promised to before. So wherever the void record survives, the epoch says that it lost.
 */
import assert from 'node:assert';
import type { LogPosition } from '../tables/state.ts';
import { encodeRecord, FILE_HEADER_BYTES, RECORD_HEADER_BYTES } from './codec.ts';
import { majority, majorityOf } from './majority.ts';
import type { ZoneLog } from './zone-log.ts';

/** A record on its way into the log. */
export interface PendingRecord {
  readonly sequence: number;
  readonly checksum: number;
  readonly position: LogPosition;
  readonly bytes: Buffer;
}

/** Where the log ends. */
export interface LogEnd {
  /** Of the last record, 0 if there is none. */
  readonly sequence: number;
  readonly checksum: number;
  /** Of the last record; undefined if there is none. */
  readonly start: LogPosition | undefined;
  /** Behind the last record, in the same file. */
  readonly end: LogPosition | undefined;
}

export class CommitLog {
  readonly zones: readonly ZoneLog[];
  readonly #fileSizeMaxBytes: number;
  #last: LogEnd;
  #epoch: number;
  #isEpochGranted = false;

  /** `epoch` is the largest one known; the first record carries a larger one. */
  constructor(zones: readonly ZoneLog[], last: LogEnd, options: { epoch: number; fileSizeMaxBytes: number }) {
    this.zones = zones;
    this.#last = last;
    this.#epoch = options.epoch + 1;
    this.#fileSizeMaxBytes = options.fileSizeMaxBytes;
  }

  /** Sequence of the last record. */
  get sequence(): number {
    return this.#last.sequence;
  }

  /** That the next record will carry. */
  get epoch(): number {
    return this.#epoch;
  }

  /** First sequence of the file that the next record goes to, or undefined if there is none yet. */
  get file(): number | undefined {
    return this.#last.end?.file;
  }

  /** Where the log ends. */
  get last(): LogEnd {
    return this.#last;
  }

  /** True if a record may be appended at once; otherwise `grantEpoch` comes first. */
  get isReady(): boolean {
    return this.#isEpochGranted;
  }

  /** Lets a copy that has been refilled count again. */
  async readmit(zone: ZoneLog): Promise<void> {
    zone.revive();
    if (this.#isEpochGranted) await zone.grantEpoch(this.#epoch);
  }

  /** Promises a majority of zones to the epoch that the next record will carry. Rejects if there is no majority. */
  async grantEpoch(): Promise<void> {
    if (this.#isEpochGranted) return;
    await majority(this.zones.map((zone) => zone.grantEpoch(this.#epoch)));
    this.#isEpochGranted = true;
  }

  /** The next record, not yet written anywhere. */
  prepare(payload: Uint8Array): PendingRecord {
    const { sequence: lastSequence, checksum: chain, end } = this.#last;
    const sequence = lastSequence + 1;
    const length = RECORD_HEADER_BYTES + payload.length;
    const isFull =
      end === undefined || (end.offset > FILE_HEADER_BYTES && end.offset + length > this.#fileSizeMaxBytes);
    const position = isFull ? { file: sequence, offset: FILE_HEADER_BYTES } : end;
    return { sequence, position, ...encodeRecord({ sequence, epoch: this.#epoch, chain }, payload) };
  }

  /** Writes and syncs the record in every zone; resolves once a majority has it, rejects once none can have it. */
  append(record: PendingRecord): Promise<void> {
    assert(this.#isEpochGranted && record.sequence === this.#last.sequence + 1, 'records are appended in order');
    return majority(this.zones.map((zone) => zone.append(record.position, record.bytes)));
  }

  /** The record is part of history: the next one follows it. */
  accept(record: PendingRecord): void {
    const { sequence, checksum, position } = record;
    const end = { file: position.file, offset: position.offset + record.bytes.length };
    this.#last = { sequence, checksum, start: position, end };
  }

  /** The record is void: takes it back where that is possible, and lets the next one carry a new epoch. */
  async void(record: PendingRecord): Promise<void> {
    this.#epoch += 1;
    this.#isEpochGranted = false;
    // A zone that cannot take it back is stale from then on; the epoch protects what follows.
    await Promise.allSettled(this.zones.map((zone) => zone.cutBack(record.position)));
  }

  /** Whether enough zones take records. */
  get hasMajority(): boolean {
    return this.zones.filter((zone) => !zone.isStale).length >= majorityOf(this.zones.length);
  }

  async close(): Promise<void> {
    await Promise.all(this.zones.map((zone) => zone.close()));
  }
}
