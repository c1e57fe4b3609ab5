/**
 * Bringing stale copies of the log back while the index serves. What a copy lacks is first copied in the background, with
 * another snapshot if the log no longer reaches back to its own, as what the log holds never changes; between two batches, when nothing is being appended, it gets the rest and counts again.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { findSnapshot, type Snapshot } from '../snapshots/snapshot-file.ts';
import type { SnapshotFiles } from '../snapshots/snapshot-files.ts';
import { scanRecords } from './codec.ts';
import type { CommitLog } from './commit-log.ts';
import { listLogFiles, logFilePath, readBytes } from './files.ts';
import type { IndexLog } from './recovery.ts';
import { filesBehind, rebase, refill, type WholeLog } from './refill.ts';
import { type Survey, survey } from './survey.ts';
import type { ZoneLog } from './zone-log.ts';

export interface RejoinOptions {
  readonly clusterId: string;
  /** Least time between two attempts, in milliseconds. */
  readonly everyMs: number;
  readonly snapshots: SnapshotFiles;
  readonly logger: IndexLog;
}

export class Rejoin {
  readonly #log: CommitLog;
  readonly #options: RejoinOptions;
  readonly #copying = new Map<ZoneLog, Promise<void>>();
  readonly #copied = new Set<ZoneLog>();
  #triedMs = Number.NEGATIVE_INFINITY;

  constructor(log: CommitLog, options: RejoinOptions) {
    this.#log = log;
    this.#options = options;
  }

  /** Called between batches. Waits for copies to come back only where there is no majority without them. */
  async attend(): Promise<void> {
    const stale = this.#log.zones.filter((zone) => zone.isStale);
    if (stale.length === 0) return;
    if (performance.now() - this.#triedMs >= this.#options.everyMs) {
      this.#triedMs = performance.now();
      for (const zone of stale) this.#startCopy(zone);
    }
    if (!this.#log.hasMajority) await Promise.all(this.#copying.values());
    for (const zone of this.#copied) {
      this.#copied.delete(zone);
      await this.#finish(zone);
    }
  }

  /** Waits for the copying that is under way: it writes into folders that another process may have next. */
  async settled(): Promise<void> {
    await Promise.all(this.#copying.values());
  }

  #startCopy(zone: ZoneLog): void {
    if (this.#copying.has(zone) || this.#copied.has(zone)) return;
    const copy = this.#catchUp(zone, 'with a snapshot')
      .then(
        () => void this.#copied.add(zone),
        // Still gone or still broken: the next attempt comes.
        (error: unknown) => this.#options.logger.info({ zone: zone.zone, err: error }, 'a zone is not back yet'),
      )
      .finally(() => this.#copying.delete(zone));
    this.#copying.set(zone, copy);
  }

  async #finish(zone: ZoneLog): Promise<void> {
    try {
      await this.#catchUp(zone, 'at once');
      await this.#log.readmit(zone);
      this.#options.logger.info({ zone: zone.zone }, 'the log of a zone takes records again');
    } catch (error) {
      zone.markStale(error);
    }
  }

  /** Makes the copy equal to the log as it is when this is called. A snapshot takes longer than commits may wait. */
  async #catchUp(zone: ZoneLog, how: 'with a snapshot' | 'at once'): Promise<void> {
    await zone.close();
    if (!(await stat(dirname(zone.folder))).isDirectory()) throw new Error(`${dirname(zone.folder)} is no folder`);
    await mkdir(zone.folder, { recursive: true });
    const whole = await this.#whole();
    if (whole === undefined) return;
    const { clusterId } = this.#options;
    const { sequence, checksum, start } = this.#log.last;
    const applied = start && { sequence, checksum, position: start };
    const look = () => survey({ zone: zone.zone, folder: zone.folder, clusterId }, applied);
    let copy = await look();
    if (filesBehind(copy.base, whole) === undefined && how === 'with a snapshot') {
      await this.#rebase(copy, whole);
      copy = await look();
    }
    const files = filesBehind(copy.base, whole);
    if (files === undefined) throw new Error('the log was cut beyond its snapshot meanwhile');
    await refill(copy, { clusterId, files, end: whole.end });
  }

  async #rebase(copy: Survey, whole: WholeLog): Promise<void> {
    const { clusterId, snapshots } = this.#options;
    let source: Snapshot | undefined;
    for (const zone of this.#log.zones.filter((other) => !other.isStale)) {
      const found = await findSnapshot({ zonePath: dirname(zone.folder), clusterId });
      if (found === undefined || filesBehind(found.applied, whole) === undefined) continue;
      if (found.applied.sequence > (source?.applied.sequence ?? 0)) source = found;
    }
    if (source === undefined) throw new Error('no zone has a snapshot of the index that the log reaches back to');
    await rebase(copy, { source, whole, snapshots });
  }

  /** The log in a zone that counts or, if none does, in one that holds all of it nevertheless. */
  async #whole(): Promise<WholeLog | undefined> {
    const { end, checksum } = this.#log.last;
    if (end === undefined) return undefined;
    for (const zone of this.#log.zones) {
      const { folder } = zone;
      if (zone.isStale && !(await this.#holdsEnd(folder))) continue;
      const files = (await listLogFiles(folder)).filter((file) => file.first < end.file);
      const listed = [...files, { first: end.file, sizeBytes: end.offset }];
      return { files: listed.map((file) => ({ ...file, folder })), end: { ...end, checksum } };
    }
    throw new Error('no zone holds the whole log');
  }

  /** Whether a stale copy still holds the last record: then it lacks nothing. */
  async #holdsEnd(folder: string): Promise<boolean> {
    const { start, end, checksum } = this.#log.last;
    if (start === undefined || end === undefined) return true;
    const range = { start: start.offset, end: end.offset };
    const bytes = await readBytes(logFilePath(folder, end.file), range).catch(() => Buffer.alloc(0));
    const [record] = scanRecords(bytes, 0);
    return record?.checksum === checksum;
  }
}
