/**
 * The commit path: every change of the index goes through this loop, one batch at a time.
 *
 * A batch is what waits when the one before is done, and what comes in a moment after it (`gathering.ts`). From taking
 * it until the wave has begun there is no `await`, so a blob placed in the tick of its `submit` is in the wave of its
 * command or in an earlier one. In a wave the log record goes to every zone while `alongside` makes the blobs durable;
 * when both have succeeded the transaction is committed and the submits resolve, in order. If either fails, nothing of the
 * batch took effect: the record is void.
 *
 * A wave that fails also fails what was waiting when it began, because `alongside` took those commands' blobs with it. Where it
 * says which blobs are lost, as the disks of one group failed, only the commands that bring these fail: the others, whose
 * blobs are durable by then, go into the next batch as if they had never been in this one.
 */
import { BlobsLost, type Command, CommandRejected, CommitFailed } from './commands.ts';
import { Gathering } from './gathering.ts';
import type { HotRows } from './hot-rows.ts';
import type { CommitLog, PendingRecord } from './log/commit-log.ts';
import { decodeCommand, encodeCommand, encodePayload, locationsOf } from './log/payload.ts';
import type { IndexLog } from './log/recovery.ts';
import type { Rejoin } from './log/rejoin.ts';
import type { PlacedEvent } from './records.ts';
import type { Writer } from './writer.ts';

const BATCH_COMMANDS_MAX = 512;
/** A batch is closed once its commands have this many characters of JSON. */
const BATCH_CHARACTERS_MAX = 4 * 1024 * 1024;
/** What is noted by the way, mostly by work in the background: whoever submits it does not come back at once with the next one. */
const notes: ReadonlySet<Command['type']> = new Set([
  ...(['settle-events', 'settle-replication', 'note-replication', 'note-accesses', 'save-job-state'] as const),
  ...(['add-log-batch', 'drop-log-batches', 'drop-segment', 'probe'] as const),
]);

export interface GroupCommitParts {
  readonly writer: Writer;
  readonly log: CommitLog;
  readonly rejoin: Rejoin;
  readonly alongside: () => Promise<void>;
  /** What readers remember; told what a batch changes when that becomes visible. */
  readonly hot: HotRows;
  readonly logger: IndexLog;
}

interface Waiting {
  readonly command: Command;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Commands that were applied in the open transaction, with what each submit will be told once it is durable. */
interface Batch {
  readonly answers: { readonly waiting: Waiting; readonly outcome: Outcome }[];
  /** JSON of those that took effect. */
  readonly texts: string[];
}
type Outcome = { readonly result: unknown } | { readonly error: Error };

export class GroupCommit {
  readonly #parts: GroupCommitParts;
  readonly #gathering = new Gathering();
  readonly #queue: Waiting[] = [];
  /** How many in the queue are no notes. */
  #clients = 0;
  #running: Promise<void> | undefined;
  #isClosed = false;
  /** Called with what each batch has put into the outbox, in the tick in which that becomes visible. They must not throw. */
  readonly followers = new Set<(placed: readonly PlacedEvent[]) => void>();

  constructor(parts: GroupCommitParts) {
    this.#parts = parts;
  }

  submit(command: Command): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new CommitFailed('The index is closed.'));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#queue.push({ command, resolve, reject });
    if (!notes.has(command.type)) this.#clients++;
    this.#gathering.commandCame(this.#clients);
    this.#running ??= this.#run();
    return promise;
  }

  /** Lets zones that came back take records again, as the next batch would. */
  async attend(): Promise<void> {
    if (!this.#isClosed) this.#running ??= this.#run();
    await this.#running;
  }

  /** Takes no more commands and finishes those that wait. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, rejoin, writer } = this.#parts;
    do {
      // Once closed, no more come.
      const mayCome = this.#queue.length > 0 && !this.#isClosed;
      if (mayCome) await this.#gathering.beforeWave({ waiting: this.#clients, nowMs: performance.now() });
      // Requests that came in together are served in one turn of the event loop; after it all their commands are here.
      await nextTurn();
      try {
        await rejoin.attend();
        if (!log.isReady) await log.grantEpoch();
        if (this.#queue.length > 0) await this.#runBatch();
      } catch (error) {
        writer.rollback();
        this.#failAll(this.#take(this.#queue.length), error);
      }
    } while (this.#queue.length > 0);
    this.#running = undefined;
  }

  async #runBatch(): Promise<void> {
    const { writer, log, alongside, hot } = this.#parts;
    // 1. Apply what waits, in the transaction.
    const batch = this.#applyWaiting();
    if (batch.texts.length === 0) {
      writer.rollback();
      answer(batch);
      return;
    }

    // 2. One wave: the record into every zone's log, the blobs by `alongside`.
    const exposed = this.#queue.length;
    const record = log.prepare(encodePayload(batch.texts));
    try {
      writer.save(record);
      await Promise.all([alongside(), log.append(record)]);
      // 3. Durable. Make it visible.
      writer.commit(record.sequence);
      for (const { waiting } of batch.answers) hot.forget(waiting.command);
    } catch (error) {
      // 4. Or void: nothing of it took effect. A rejection may have come from a change that is void, so it is void too.
      await this.#undo(record);
      const inWave = [...batch.answers.map(({ waiting }) => waiting), ...this.#take(exposed)];
      const isLost = ({ command }: Waiting) => !(error instanceof BlobsLost) || namesAny(command, error.segments);
      this.#failAll(inWave.filter(isLost), error instanceof BlobsLost ? error.cause : error);
      this.#putBack(inWave.filter((waiting) => !isLost(waiting)));
      return;
    }
    log.accept(record);
    const commands = clientsAmong(batch.answers.map(({ waiting }) => waiting)) + this.#clients;
    this.#gathering.waveEnded({ commands, nowMs: performance.now() });
    answer(batch);
    if (writer.placed.length > 0) for (const follower of this.followers) follower(writer.placed);
  }

  /** Begins a transaction and applies commands from the queue, which they leave together. */
  #applyWaiting(): Batch {
    const { writer, logger } = this.#parts;
    const batch: Batch = { answers: [], texts: [] };
    let characters = 0;
    writer.begin();
    for (const waiting of this.#queue) {
      if (batch.answers.length === BATCH_COMMANDS_MAX || characters > BATCH_CHARACTERS_MAX) break;
      try {
        // `apply` sees the command as replay will: out of the log's own text.
        const text = encodeCommand(waiting.command);
        const result = writer.apply(decodeCommand(text));
        batch.answers.push({ waiting, outcome: { result } });
        batch.texts.push(text);
        characters += text.length;
      } catch (cause) {
        if (!writer.isOpen) throw cause;
        const error = cause instanceof Error ? cause : new Error(String(cause));
        if (!(error instanceof CommandRejected)) logger.error({ err: error }, 'a command could not be applied');
        batch.answers.push({ waiting, outcome: { error } });
      }
    }
    this.#take(batch.answers.length);
    return batch;
  }

  /** The first ones of the queue, which leave it. */
  #take(count: number): Waiting[] {
    const taken = this.#queue.splice(0, count);
    this.#clients -= clientsAmong(taken);
    return taken;
  }

  #putBack(waiting: readonly Waiting[]): void {
    this.#queue.unshift(...waiting);
    this.#clients += clientsAmong(waiting);
  }

  async #undo(record: PendingRecord): Promise<void> {
    const { writer, log } = this.#parts;
    try {
      writer.rollback();
    } finally {
      await log.void(record);
    }
  }

  #failAll(waiting: readonly Waiting[], cause: unknown): void {
    if (waiting.length === 0) return;
    this.#parts.logger.error({ err: cause, commands: waiting.length }, 'a batch could not be made durable');
    const reason = cause instanceof Error ? cause.message : String(cause);
    for (const { reject } of waiting) reject(new CommitFailed(`The change was not made durable: ${reason}`, { cause }));
  }
}

/** Whether a command brings a blob that lies in one of some segments. */
function namesAny(command: Command, segments: ReadonlySet<string>): boolean {
  return locationsOf(command).some(({ extents }) => extents.some(({ segment }) => segments.has(segment)));
}

function clientsAmong(waiting: readonly Waiting[]): number {
  return waiting.reduce((count, { command }) => (notes.has(command.type) ? count : count + 1), 0);
}

function answer(batch: Batch): void {
  for (const { waiting, outcome } of batch.answers) {
    if ('error' in outcome) waiting.reject(outcome.error);
    else waiting.resolve(outcome.result);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
