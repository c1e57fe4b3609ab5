/**
 * The one transaction on the writer's connection. Commands of a batch are applied in it, each undone alone if it is
 * rejected, and nobody sees any of them until `commit`.
 */
import type { Database } from 'better-sqlite3';
import { apply } from './apply/apply.ts';
import { Transaction } from './apply/transaction.ts';
import { type Command, CommandRejected } from './commands.ts';
import type { PlacedEvent } from './records.ts';
import { Statements } from './tables/lazy-statements.ts';
import type { Applied } from './tables/state.ts';

export class Writer {
  readonly #db: Database;
  readonly #transaction: Transaction;
  readonly #statements;
  #mark: ReturnType<Transaction['mark']>;
  /** What the transaction that was committed last has put into the outbox. */
  placed: readonly PlacedEvent[] = [];

  constructor(db: Database) {
    this.#db = db;
    this.#transaction = new Transaction(new Statements(db));
    this.#mark = this.#transaction.mark();
    this.#statements = {
      begin: db.prepare('BEGIN IMMEDIATE'),
      savepoint: db.prepare('SAVEPOINT command'),
      release: db.prepare('RELEASE command'),
      undo: db.prepare('ROLLBACK TO command'),
      commit: db.prepare('COMMIT'),
      rollback: db.prepare('ROLLBACK'),
    };
  }

  get lastOrdinal(): number {
    return this.#mark.counters.lastOrdinal;
  }
  applied(): Applied {
    return this.#transaction.applied();
  }

  begin(): void {
    this.#statements.begin.run();
  }

  /** Applies a command. If it throws, the command changed nothing; the transaction goes on if `isOpen`. */
  apply(command: Command): unknown {
    const mark = this.#transaction.mark();
    this.#statements.savepoint.run();
    try {
      const result = apply(this.#transaction, command);
      this.#statements.release.run();
      return result;
    } catch (error) {
      this.#transaction.reset(mark);
      // Errors of the disk make SQLite end the whole transaction by itself.
      if (this.#db.inTransaction) {
        this.#statements.undo.run();
        this.#statements.release.run();
      }
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#db.inTransaction;
  }

  /** Notes the log record that this transaction is. */
  save(applied: Applied): void {
    this.#transaction.save(applied);
  }

  /** Makes the transaction visible. Throws if SQLite refuses, and then it is not: `rollback` comes next. */
  commit(sequence: number): void {
    try {
      this.#statements.commit.run();
    } catch (error) {
      const isCommitted = !this.#db.inTransaction && this.applied().sequence === sequence;
      if (!isCommitted) throw error;
    }
    this.placed = this.#transaction.takePlaced();
    this.#mark = this.#transaction.mark();
  }

  /** Ends the transaction as if it had not been. */
  rollback(): void {
    this.#transaction.reset(this.#mark);
    if (this.#db.inTransaction) this.#statements.rollback.run();
  }

  /** Applies a log record in the open transaction. A rejected command is a contradiction: throws. */
  replay(commands: readonly Command[], applied: Applied): void {
    for (const command of commands) {
      try {
        apply(this.#transaction, command);
      } catch (error) {
        const what = error instanceof CommandRejected ? error.code : String(error);
        throw new Error(
          `Log record ${applied.sequence} does not fit the index: ${command.type} was refused (${what}).`,
          {
            cause: error,
          },
        );
      }
    }
    this.save(applied);
  }
}
