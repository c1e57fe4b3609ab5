/** Deciding by a majority of zones. */

export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Too few zones could do what was asked of all of them. `errors` are theirs. */
export class LogQuorumLost extends AggregateError {
  override readonly name = 'LogQuorumLost';
}

/** Resolves once more than half have resolved; rejects with LogQuorumLost once that has become impossible. */
export function majority(attempts: readonly Promise<unknown>[]): Promise<void> {
  const needed = majorityOf(attempts.length);
  return new Promise((resolve, reject) => {
    const errors: unknown[] = [];
    let done = 0;
    for (const attempt of attempts) {
      attempt.then(
        () => {
          done += 1;
          if (done === needed) resolve();
        },
        (error: unknown) => {
          errors.push(error);
          if (errors.length !== attempts.length - needed + 1) return;
          reject(new LogQuorumLost(errors, `${errors.length} of ${attempts.length} zones do not take the commit log.`));
        },
      );
    }
  });
}
