/**
 * The way of every operation to a disk.
 *
 * - At most a few operations of one disk are under way at once; the others wait here in line. Each occupies a thread of the
 *   pool that all file operations of the process share, so a disk that hangs takes no more threads than these few.
 * - Nobody waits longer than a limit for an operation that is under way. If one passes it, the gate closes: all who wait are
 *   told so at once, and nothing is begun any more until `open`. The operation itself cannot be taken back. It keeps its
 *   place, and memory that it was given belongs to it until it ends, however late.
 * - Probes, one at a time, go through a closed gate: they find out whether the disk answers again.
 */
import { setImmediate, setTimeout } from 'node:timers';

const UNDER_WAY_MAX = 3;

/** An operation was given up: the disk has not answered, to it or to another one, within the limit. */
export class DiskSilent extends Error {
  override readonly name = 'DiskSilent';
}

type Work<T> = () => Promise<T>;

/** What becomes of the result of an operation that was given up and ends after all. */
type Late<T> = (result: T) => void;

const ignore = (): void => {};

export class DiskGate {
  readonly #limitMs: number;
  readonly #onSilence: (what: string) => void;
  /** Give up operations that are under way, or wait in line. */
  readonly #giveUps = new Set<() => void>();
  readonly #line: (() => void)[] = [];
  #underWay = 0;
  #isProbing = false;
  #isClosed = false;

  /** `onSilence` is called once the gate has closed because of an operation that took too long. */
  constructor(limitMs: number, onSilence: (what: string) => void) {
    this.#limitMs = limitMs;
    this.#onSilence = onSilence;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Whether the last probe has ended, and the next one could begin. */
  get canProbe(): boolean {
    return !this.#isProbing;
  }

  /** Whether operations would find a place if the gate were open. */
  get hasPlace(): boolean {
    return this.#underWay < UNDER_WAY_MAX;
  }

  open(): void {
    this.#isClosed = false;
    this.#beginNext();
  }

  /** Runs an operation in its turn. Rejects as it does, or with DiskSilent. */
  run<T>(work: Work<T>, late: Late<T> = ignore): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new DiskSilent('the disk does not answer'));
        return;
      }
      const giveUp = (): void => reject(new DiskSilent('the disk does not answer'));
      const begin = (): void => {
        this.#giveUps.delete(giveUp);
        this.#underWay++;
        const ended = (isFailed: boolean): void => {
          this.#underWay--;
          // Whoever hears of a failure may not want what waits in line any more: it begins after that.
          if (isFailed) setImmediate(() => this.#beginNext());
          else this.#beginNext();
        };
        this.#await(work, { late, ended, what: 'an operation' }).then(resolve, reject);
      };
      if (this.#underWay < UNDER_WAY_MAX) {
        begin();
      } else {
        this.#giveUps.add(giveUp);
        this.#line.push(begin);
      }
    });
  }

  /** Runs an operation out of turn, whether the gate is open or not. Only one probe may be under way: see `canProbe`. */
  probe<T>(work: Work<T>, late: Late<T> = ignore): Promise<T> {
    if (this.#isProbing) return Promise.reject(new DiskSilent('the disk has not answered the last probe'));
    this.#isProbing = true;
    const ended = (): void => {
      this.#isProbing = false;
    };
    return this.#await(work, { late, ended, what: 'a probe' });
  }

  /** Begins an operation; settles as it does, or when it is given up. `ended` is called when it has really ended. */
  #await<T>(
    work: Work<T>,
    { late, ended, what }: { late: Late<T>; ended: (isFailed: boolean) => void; what: string },
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let isAwaited = true;
      const giveUp = (): void => {
        isAwaited = false;
        clearTimeout(timer);
        this.#giveUps.delete(giveUp);
        reject(new DiskSilent(`the disk has not answered ${what} within ${this.#limitMs} ms`));
      };
      // After a pause of the whole process an answer may be there that was not looked at yet.
      const timer = setTimeout(() => setImmediate(() => isAwaited && this.#close(what)), this.#limitMs);
      this.#giveUps.add(giveUp);
      const end = (isFailed: boolean): boolean => {
        ended(isFailed);
        if (!isAwaited) return false;
        isAwaited = false;
        clearTimeout(timer);
        return this.#giveUps.delete(giveUp);
      };
      work().then(
        (result) => (end(false) ? resolve(result) : late(result)),
        (error: unknown) => {
          if (end(true)) reject(error);
        },
      );
    });
  }

  #close(what: string): void {
    this.#isClosed = true;
    this.#line.length = 0;
    for (const giveUp of this.#giveUps) giveUp();
    this.#giveUps.clear();
    this.#onSilence(`it has not answered ${what} within ${this.#limitMs} ms`);
  }

  #beginNext(): void {
    while (!this.#isClosed && this.#underWay < UNDER_WAY_MAX) {
      const begin = this.#line.shift();
      if (!begin) return;
      begin();
    }
  }
}
