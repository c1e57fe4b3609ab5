/**
 * Delivers access logs: the lines of a bucket and a day are written as an object once the oldest of them has waited for the
 * interval, or there are enough of them, or somebody asks. A log whose target does not take it waits, and is tried again;
 * its lines are given up when they are too old.
 */
import type { AccessLogs, DeliverOptions } from '../engine/access-log/types.ts';
import { DeliveryRefused } from '../engine/inventory/types.ts';
import type { LogGroup } from '../engine/types.ts';
import type { Clock } from '../lib/clock.ts';
import type { Job, StepOutcome } from './job.ts';

export interface AccessLogOptions {
  readonly accessLogs: AccessLogs;
  readonly place: DeliverOptions['place'];
  readonly accountOf: DeliverOptions['accountOf'];
  readonly clock: Clock;
  readonly log: {
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  readonly intervalMs: number;
  readonly objectBytesMax: number;
  /** How long lines wait that nobody takes. */
  readonly keepForMs: number;
}

const idlePauseMs = 1000;
/** At least so long a target that refused is left alone. */
const refusalPauseMsMin = 10_000;

export function deliverAccessLogs(options: AccessLogOptions): Job {
  const work = new AccessLogWork(options);
  return {
    name: 'access-logs',
    idlePauseMs,
    begin: () => work.begin(),
    step: () => work.step(),
    status: () => work.status(),
  };
}

class AccessLogWork {
  readonly #options: AccessLogOptions;
  /** Somebody has asked for a run, which is yet to begin. */
  #isAskedFor = false;
  /** Groups that are delivered whole, as somebody has asked; those that refuse are left out. */
  #asked: ReadonlySet<string> = new Set();
  /** When groups that were refused are tried again. */
  #refused = new Map<string, number>();
  #lastRefusal: string | undefined;
  #lostTold = 0;
  #waiting = { lines: 0, bytes: 0 };
  readonly #figures = { objects: 0, lines: 0, givenUp: 0 };

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#isAskedFor = true;
  }

  async step(): Promise<StepOutcome> {
    const { accessLogs } = this.#options;
    const isAsked = this.#isAskedFor;
    this.#isAskedFor = false;
    if (isAsked) await accessLogs.flush();
    this.#tellLost();
    const groups = await accessLogs.groups();
    this.#note(groups);
    if (isAsked) this.#asked = new Set(groups.map(nameOf));
    const group = groups.find((one) => this.#isDue(one));
    if (group === undefined) {
      this.#asked = new Set();
      return 'idle';
    }
    await this.#deliver(group);
    return 'busy';
  }

  status(): Readonly<Record<string, number | string>> {
    const { lines, bytes } = this.#waiting;
    return {
      ...{ waitingLines: lines, waitingBytes: bytes },
      ...{ deliveredObjects: this.#figures.objects, deliveredLines: this.#figures.lines },
      ...{ linesGivenUp: this.#figures.givenUp, linesLost: this.#options.accessLogs.lost },
      ...(this.#lastRefusal !== undefined && { lastRefusal: this.#lastRefusal }),
    };
  }

  #note(groups: readonly LogGroup[]): void {
    this.#waiting = {
      lines: groups.reduce((sum, { lines }) => sum + lines, 0),
      bytes: groups.reduce((sum, { size }) => sum + size, 0),
    };
    const names = new Set(groups.map(nameOf));
    for (const name of this.#refused.keys()) if (!names.has(name)) this.#refused.delete(name);
    if (this.#refused.size === 0) this.#lastRefusal = undefined;
  }

  #isDue(group: LogGroup): boolean {
    const { clock, intervalMs, objectBytesMax } = this.#options;
    const nowMs = clock.nowMs();
    if (this.#asked.has(nameOf(group))) return true;
    if ((this.#refused.get(nameOf(group)) ?? 0) > nowMs) return false;
    return group.oldestMs + intervalMs <= nowMs || group.size >= objectBytesMax;
  }

  async #deliver(group: LogGroup): Promise<void> {
    const { accessLogs, place, accountOf, objectBytesMax, clock } = this.#options;
    try {
      const delivered = await accessLogs.deliver(group, { nowMs: clock.nowMs(), place, accountOf, objectBytesMax });
      this.#figures.objects++;
      this.#figures.lines += delivered.lines;
      this.#refused.delete(nameOf(group));
    } catch (error) {
      if (!(error instanceof DeliveryRefused)) throw error;
      await this.#wait(group, error);
    }
  }

  async #wait(group: LogGroup, { message }: DeliveryRefused): Promise<void> {
    const { accessLogs, clock, log, intervalMs, keepForMs } = this.#options;
    const nowMs = clock.nowMs();
    this.#asked = new Set([...this.#asked].filter((name) => name !== nameOf(group)));
    this.#lastRefusal = message;
    if (group.oldestMs + keepForMs <= nowMs) {
      const { lines } = await accessLogs.giveUp(group);
      this.#figures.givenUp += lines;
      log.error({ reason: message, lines }, 'Lines of an access log were given up, as nobody takes them');
      return;
    }
    if (!this.#refused.has(nameOf(group))) log.warn({ reason: message }, 'An access log may not be written, and waits');
    this.#refused.set(nameOf(group), nowMs + Math.max(intervalMs, refusalPauseMsMin));
  }

  #tellLost(): void {
    const { accessLogs, log } = this.#options;
    const { lost } = accessLogs;
    if (lost > this.#lostTold) {
      const lines = lost - this.#lostTold;
      log.error(
        { lines },
        'Lines of access logs were lost: more waited than accessLogs.waitingBytesMax allows, or could be kept',
      );
    }
    this.#lostTold = lost;
  }
}

function nameOf({ bucketId, day }: LogGroup): string {
  return `${bucketId} ${day}`;
}
