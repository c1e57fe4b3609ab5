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

/** An operation that somebody waits for. */
interface Awaited {
  readonly what: 'an operation' | 'a probe';
  /** When it began; of one that waits in line nothing that counts. */
  beganMs: number;
  readonly reject: (error: unknown) => void;
}

interface Turn extends Awaited {
  readonly begin: () => void;
}

export class DiskGate {
  readonly #limitMs: number;
  readonly #onSilence: (what: string) => void;
  /** Under way and awaited, in the order in which they began. */
  readonly #awaited = new Set<Awaited>();
  readonly #line: Turn[] = [];
  #underWay = 0;
  #isProbing = false;
  #isClosed = false;
  /** One for all: an operation mostly ends long before the limit, and a timer of its own would cost more than the rest. */
  #timer: NodeJS.Timeout | undefined;

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

  /** Operations that are under way or wait in line. */
  get load(): number {
    return this.#underWay + this.#line.length;
  }

  /** Whether an operation that somebody waits for began before a point in time, in milliseconds as `performance.now` gives them. */
  hasWaitedSince(beganMs: number): boolean {
    const [oldest] = this.#awaited;
    return oldest !== undefined && oldest.beganMs < beganMs;
  }

  open(): void {
    this.#isClosed = false;
    this.#beginNext();
  }

  /** Runs an operation in its turn. Rejects as it does, or with DiskSilent. */
  run<T>(work: Work<T>, late: Late<T> = ignore): Promise<T> {
    if (this.#isClosed) return Promise.reject(new DiskSilent('the disk does not answer'));
    return new Promise<T>((resolve, reject) => {
      const begin = (): void => {
        this.#underWay++;
        this.#await(turn);
        work().then(
          (result) => {
            this.#underWay--;
            if (this.#awaited.delete(turn)) resolve(result);
            else late(result);
            if (this.#line.length > 0) this.#beginNext();
          },
          (error: unknown) => {
            this.#underWay--;
            if (this.#awaited.delete(turn)) reject(error);
            // Whoever hears of a failure may not want what waits in line any more: it begins after that.
            setImmediate(() => this.#beginNext());
          },
        );
      };
      const turn: Turn = { what: 'an operation', beganMs: 0, reject, begin };
      if (this.#underWay < UNDER_WAY_MAX) begin();
      else this.#line.push(turn);
    });
  }

  /** Runs an operation out of turn, whether the gate is open or not. Only one probe may be under way: see `canProbe`. */
  probe<T>(work: Work<T>, late: Late<T> = ignore): Promise<T> {
    if (this.#isProbing) return Promise.reject(new DiskSilent('the disk has not answered the last probe'));
    this.#isProbing = true;
    return new Promise<T>((resolve, reject) => {
      const probe: Awaited = { what: 'a probe', beganMs: 0, reject };
      this.#await(probe);
      work().then(
        (result) => {
          this.#isProbing = false;
          if (this.#awaited.delete(probe)) resolve(result);
          else late(result);
        },
        (error: unknown) => {
          this.#isProbing = false;
          if (this.#awaited.delete(probe)) reject(error);
        },
      );
    });
  }

  #await(operation: Awaited): void {
    operation.beganMs = performance.now();
    this.#awaited.add(operation);
    this.#timer ??= setTimeout(() => this.#lookAtOldest(), this.#limitMs).unref();
  }

  /** Closes the gate if the limit has passed for the oldest operation; else looks again when it would. */
  #lookAtOldest(): void {
    this.#timer = undefined;
    const [oldest] = this.#awaited;
    if (oldest === undefined) return;
    const leftMs = oldest.beganMs + this.#limitMs - performance.now();
    if (leftMs > 0) this.#timer = setTimeout(() => this.#lookAtOldest(), Math.ceil(leftMs)).unref();
    // After a pause of the whole process an answer may be there that was not looked at yet.
    else setImmediate(() => this.#closeUnlessEnded(oldest));
  }

  #closeUnlessEnded(operation: Awaited): void {
    if (this.#awaited.has(operation)) this.#close(operation.what);
    else this.#lookAtOldest();
  }

  #close(what: string): void {
    this.#isClosed = true;
    const silence = `not answered ${what} within ${this.#limitMs} ms`;
    const given = [...this.#awaited, ...this.#line];
    this.#awaited.clear();
    this.#line.length = 0;
    for (const { reject } of given) reject(new DiskSilent(`the disk has ${silence}`));
    this.#onSilence(`it has ${silence}`);
  }

  #beginNext(): void {
    while (!this.#isClosed && this.#underWay < UNDER_WAY_MAX) {
      const next = this.#line.shift();
      if (!next) return;
      next.begin();
    }
  }
}
