/** Where each kind of background work goes on. */
import type { Statement, Statements } from './lazy-statements.ts';

export class JobStateReader {
  readonly #get: Statement<[string], { state: string }>;

  constructor(db: Statements) {
    this.#get = db.prepare('SELECT state FROM job_states WHERE job = ?');
  }

  get(job: string): string | undefined {
    return this.#get.get(job)?.state;
  }
}

export class JobStateWriter extends JobStateReader {
  readonly #save: Statement<[string, string]>;

  constructor(db: Statements) {
    super(db);
    this.#save = db.prepare('INSERT OR REPLACE INTO job_states VALUES (?, ?)');
  }

  save({ job, state }: { readonly job: string; readonly state: string }): void {
    this.#save.run(job, state);
  }
}
