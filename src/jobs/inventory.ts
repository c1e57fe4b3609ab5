/**
 * Has inventory reports written: a pass over all configurations begins when a day has ended, and whenever it is asked for.
 * One report is written at a time. A report that does not come to its end, as the server did or a disk failed, is begun anew,
 * and what there was of it is removed, unless only its manifest was left to write; how far the pass has come is kept.
 */
import type { InventoryConfiguration } from '../engine/inventory/configuration.ts';
import {
  type DeliveryCheck,
  DeliveryRefused,
  type Inventory,
  type InventoryReport,
  type ReportOptions,
} from '../engine/inventory/types.ts';
import { endOfDays } from '../engine/lifecycle/due.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import {
  decodeInventoryState,
  encodeInventoryState,
  type FinishedFiles,
  type InventoryPass,
  type InventoryState,
} from './inventory-state.ts';
import type { Job, StepOutcome } from './job.ts';
import type { JobStateStore } from './job-state.ts';

export interface InventoryOptions {
  readonly inventory: Inventory;
  readonly check: DeliveryCheck;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: JobStateStore;
  readonly dayLengthMs: number;
}

/** 1970 began on a Thursday; weeks of reports begin on Sundays. */
const daysIntoFirstWeek = 4;

export function writeInventories(options: InventoryOptions): Job {
  const work = new InventoryWork(options);
  return {
    name: 'inventory',
    get idlePauseMs() {
      return work.untilDueMs;
    },
    begin: () => work.begin(),
    step: () => work.step(),
    status: () => work.status(),
  };
}

interface Writing {
  readonly bucket: string;
  readonly id: string;
  readonly report: InventoryReport;
}

class InventoryWork {
  readonly #options: InventoryOptions;
  #state: InventoryState | undefined;
  #isAskedFor = false;
  #writing: Writing | undefined;
  #figures = { reports: 0, rows: 0, refused: 0 };
  #lastRefusal: string | undefined;

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  /** How long it is until the day of the last pass has ended. */
  get untilDueMs(): number {
    const { clock, dayLengthMs } = this.#options;
    const sinceMs = this.#state?.scheduledMs ?? 0;
    return Math.max(0, endOfDays({ sinceMs, days: 0 }, dayLengthMs) - clock.nowMs());
  }

  begin(): void {
    this.#isAskedFor = true;
  }

  async step(): Promise<StepOutcome> {
    const state = await this.#load();
    const pass = state.pass ?? this.#beginPass(state);
    if (pass === undefined) return 'idle';
    if (this.#writing === undefined) return this.#beginReport(pass);
    await this.#goOn(pass, this.#writing);
    return 'busy';
  }

  status(): Readonly<Record<string, number | string>> {
    return {
      pass: this.#state?.pass === undefined ? 'done' : 'under way',
      ...this.#figures,
      ...(this.#lastRefusal !== undefined && { lastRefusal: this.#lastRefusal }),
    };
  }

  async #load(): Promise<InventoryState> {
    if (this.#state !== undefined) return this.#state;
    const text = await this.#options.state.load();
    const known = text === undefined ? undefined : decodeInventoryState(text);
    this.#state = known ?? { scheduledMs: 0, files: [] };
    return this.#state;
  }

  #beginPass({ scheduledMs, files }: InventoryState): InventoryPass | undefined {
    const isDue = this.untilDueMs === 0;
    if (!isDue && !this.#isAskedFor) return undefined;
    const startedMs = this.#options.clock.nowMs();
    const pass = { startedMs, isAsked: this.#isAskedFor, previousMs: scheduledMs, bucket: '', id: '' };
    this.#isAskedFor = false;
    this.#figures = { reports: 0, rows: 0, refused: 0 };
    this.#lastRefusal = undefined;
    this.#state = { scheduledMs: isDue ? startedMs : scheduledMs, pass, files };
    return pass;
  }

  async #beginReport(pass: InventoryPass): Promise<StepOutcome> {
    const finishing = this.#state?.finishing;
    if (finishing !== undefined) {
      await this.#finish(pass, finishing);
      return 'busy';
    }
    await this.#removeFiles();
    const next = await this.#next(pass);
    if (next === undefined) {
      await this.#end(pass);
      return 'idle';
    }
    const { bucket, configuration } = next;
    const { id, putMs } = configuration;
    const { inventory, check, clock } = this.#options;
    const nowMs = clock.nowMs();
    const options: ReportOptions = {
      nowMs,
      check,
      beforeFile: (file) => this.#change(({ files }) => ({ files: [...files, file] })),
      beforeManifest: (files) => this.#change(() => ({ finishing: { bucket, id, putMs, nowMs, files } })),
    };
    try {
      const report = await inventory.open(bucket, configuration, options);
      if (report === undefined) await this.#pass({ ...pass, bucket, id });
      else this.#writing = { bucket, id, report };
    } catch (error) {
      await this.#refused({ ...pass, bucket, id }, error);
    }
    return 'busy';
  }

  async #goOn(pass: InventoryPass, { bucket, id, report }: Writing): Promise<void> {
    const rowsBefore = report.rows;
    try {
      const outcome = await report.step();
      this.#figures.rows += report.rows - rowsBefore;
      if (outcome === 'busy') return;
      await this.#finished({ ...pass, bucket, id });
      this.#stop(report);
    } catch (error) {
      this.#stop(report);
      await this.#refused({ ...pass, bucket, id }, error);
    }
  }

  /**
   * A report that was cut short behind its last data file. Its manifest may be there, and those who read it want the files:
   * so it is finished, not begun anew; if its configuration is another one by now, they stay.
   */
  async #finish(pass: InventoryPass, { bucket, id, putMs, nowMs, files }: FinishedFiles): Promise<void> {
    const { inventory, check } = this.#options;
    const configurations = await inventory.configurations(bucket);
    const configuration = configurations.find((one) => one.id === id && one.putMs === putMs);
    if (configuration === undefined) return this.#change(() => ({ files: [], finishing: undefined }));
    try {
      await inventory.finish(bucket, configuration, { nowMs, check, files });
      await this.#finished({ ...pass, bucket, id });
    } catch (error) {
      await this.#refused({ ...pass, bucket, id }, error);
    }
  }

  async #finished(pass: InventoryPass): Promise<void> {
    await this.#change(() => ({ pass, files: [], finishing: undefined }));
    this.#figures.reports++;
  }

  #stop(report: InventoryReport): void {
    this.#writing = undefined;
    report.close();
  }

  /** Whoever is refused is not asked again before the next pass. Throws what is no refusal. */
  async #refused(done: InventoryPass, error: unknown): Promise<void> {
    if (!(error instanceof DeliveryRefused)) throw error;
    const { bucket, id } = done;
    this.#options.log.warn({ bucket, id, reason: error.message }, 'An inventory report may not be written');
    this.#figures.refused++;
    this.#lastRefusal = `${id} of ${bucket}: ${error.message}`;
    await this.#pass(done);
  }

  /** The configuration behind the last one whose report is due. */
  async #next(pass: InventoryPass): Promise<{ bucket: string; configuration: InventoryConfiguration } | undefined> {
    const { inventory } = this.#options;
    let after = pass.id;
    for (
      let bucket: string | undefined = pass.bucket;
      bucket !== undefined;
      bucket = await inventory.nextBucket(bucket)
    ) {
      const configurations = bucket === '' ? [] : await inventory.configurations(bucket);
      const configuration = configurations.find((one) => one.id > after && this.#isDue(pass, one));
      if (configuration !== undefined) return { bucket, configuration };
      after = '';
    }
    return undefined;
  }

  #isDue(pass: InventoryPass, { isEnabled, frequency, putMs }: InventoryConfiguration): boolean {
    if (!isEnabled) return false;
    if (pass.isAsked || frequency === 'Daily' || putMs >= pass.previousMs) return true;
    return this.#weekOf(pass.startedMs) > this.#weekOf(pass.previousMs);
  }

  #weekOf(ms: number): number {
    return Math.floor((Math.floor(ms / this.#options.dayLengthMs) + daysIntoFirstWeek) / 7);
  }

  /** Those that a report which was not finished has left. */
  async #removeFiles(): Promise<void> {
    const files = this.#state?.files ?? [];
    if (files.length === 0) return;
    for (const file of files) await this.#options.inventory.remove(file);
    await this.#change(() => ({ files: [] }));
  }

  async #end(pass: InventoryPass): Promise<void> {
    // A server without configurations has nothing to remember.
    if (pass.bucket !== '') await this.#change(() => ({ pass: undefined }));
    else if (this.#state !== undefined) this.#state = { ...this.#state, pass: undefined };
  }

  #pass(pass: InventoryPass): Promise<void> {
    return this.#change(() => ({ pass, finishing: undefined }));
  }

  async #change(change: (state: InventoryState) => Partial<InventoryState>): Promise<void> {
    const state = await this.#load();
    const changed = { ...state, ...change(state) };
    await this.#options.state.save(encodeInventoryState(changed));
    this.#state = changed;
  }
}
