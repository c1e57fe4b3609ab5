/**
 * Keeps a snapshot of the index in every zone while the index serves, and with it the log short: a new one is made when
 * the log has grown long enough, copied to the other zones, and then each zone drops what its own snapshot covers. One
 * that a disk has damaged is found by reading it through, once after the start and then from time to time, and replaced.
 *
 * Only zones that take records are touched; a stale one gets its snapshot with its log (log/rejoin.ts). A zone whose log
 * has no snapshot to begin from is made stale, unless there is no majority without it.
 */
import { dirname } from 'node:path';
import type { CommitLog } from '../log/commit-log.ts';
import { listLogFiles } from '../log/files.ts';
import { majorityOf } from '../log/majority.ts';
import type { IndexLog } from '../log/recovery.ts';
import { trimLog } from '../log/trim.ts';
import type { ZoneLog } from '../log/zone-log.ts';
import type { IndexUpkeep, ZoneHoldings } from '../types.ts';
import { lookAtHoldings } from './holdings.ts';
import { findSnapshot, type Snapshot } from './snapshot-file.ts';
import { SnapshotDamaged, type SnapshotFiles } from './snapshot-files.ts';

export interface UpkeepOptions {
  readonly clusterId: string;
  /** Folder of the zone that the index database in use lies in. */
  readonly databaseZonePath: string;
  /** A snapshot is made when the log behind the last one is this long, and as long as that one. */
  readonly logBytesMin: number;
  /** How often each snapshot is read through, in milliseconds. */
  readonly checkEveryMs: number;
  readonly snapshots: SnapshotFiles;
  readonly logger: IndexLog;
}

export class Upkeep implements IndexUpkeep {
  readonly #log: CommitLog;
  readonly #options: UpkeepOptions;
  /** Of each zone's folder: which snapshot was known to be whole, and when. */
  readonly #checked = new Map<string, { readonly path: string; readonly atMs: number }>();
  readonly #holdings = new Map<string, ZoneHoldings>();
  readonly #status = { sequence: 0, logBytesSince: 0, made: 0, copied: 0, damagedFound: 0, logFilesDropped: 0 };

  constructor(log: CommitLog, options: UpkeepOptions) {
    this.#log = log;
    this.#options = options;
  }

  status(): ReturnType<IndexUpkeep['status']> {
    return { ...this.#status };
  }

  holdings(): ReadonlyMap<string, ZoneHoldings> {
    return this.#holdings;
  }

  /** One piece of the work. */
  async step(): Promise<'busy' | 'idle'> {
    const found = await this.#findSnapshots();
    const newest = newestOf([...found.values()]);
    // 1. A new snapshot, if it is time.
    if (await this.#isDue(newest)) {
      const made = await this.#options.snapshots.make(this.#options.databaseZonePath);
      this.#wasWhole(made);
      this.#status.made += 1;
      this.#options.logger.info(
        { sequence: made.applied.sequence, bytes: made.sizeBytes },
        'made a snapshot of the index',
      );
      return 'busy';
    }
    // 2. In every zone.
    const spread = await Promise.allSettled([...found].map(([zone, snapshot]) => this.#spread(newest, zone, snapshot)));
    for (const result of spread) if (result.status === 'rejected') throw result.reason;
    return 'idle';
  }

  /** Gives a zone the newest snapshot. What the zone's own snapshot covers goes from its log. */
  async #spread(newest: Snapshot | undefined, zone: ZoneLog, snapshot: Snapshot | undefined): Promise<void> {
    const isNewest = snapshot?.applied.sequence === newest?.applied.sequence;
    const own = isNewest || newest === undefined ? snapshot : await this.#copy(newest, zone);
    if (own && !zone.isStale) this.#status.logFilesDropped += await trimLog(zone.folder, own.applied);
    this.#holdings.set(zone.zone, await lookAtHoldings(zone.folder, own));
  }

  /** The snapshots of the zones that take records; damaged ones are none any more. */
  async #findSnapshots(): Promise<Map<ZoneLog, Snapshot | undefined>> {
    const found = new Map<ZoneLog, Snapshot | undefined>();
    for (const zone of this.#log.zones.filter((candidate) => !candidate.isStale)) {
      const snapshot = await findSnapshot({ zonePath: dirname(zone.folder), clusterId: this.#options.clusterId });
      const isWhole = snapshot !== undefined && (await this.#isWhole(snapshot));
      found.set(zone, isWhole ? snapshot : undefined);
      if (!isWhole) await this.#requireBase(zone);
      if (zone.isStale) found.delete(zone);
    }
    return found;
  }

  async #isWhole(snapshot: Snapshot): Promise<boolean> {
    const checked = this.#checked.get(dirname(snapshot.path));
    const isRecent = checked !== undefined && performance.now() - checked.atMs < this.#options.checkEveryMs;
    if (isRecent && checked.path === snapshot.path) return true;
    try {
      await this.#options.snapshots.check(snapshot);
    } catch (error) {
      if (!(error instanceof SnapshotDamaged)) throw error;
      this.#options.logger.error({ err: error }, 'a snapshot of the index is damaged: it is replaced');
      this.#status.damagedFound += 1;
      return false;
    }
    this.#wasWhole(snapshot);
    return true;
  }

  #wasWhole(snapshot: Snapshot): void {
    this.#checked.set(dirname(snapshot.path), { path: snapshot.path, atMs: performance.now() });
  }

  /** A zone without a snapshot must hold the log from its first record on. */
  async #requireBase(zone: ZoneLog): Promise<void> {
    const [oldest] = await listLogFiles(zone.folder);
    if (oldest === undefined || oldest.first === 1) return;
    const others = this.#log.zones.filter((other) => other !== zone && !other.isStale);
    if (others.length < majorityOf(this.#log.zones.length)) return;
    zone.markStale(new Error('its snapshot of the index is lost: it is refilled'));
  }

  async #copy(newest: Snapshot, zone: ZoneLog): Promise<Snapshot> {
    const copy = await this.#options.snapshots.copy(newest, dirname(zone.folder));
    this.#wasWhole(copy);
    this.#status.copied += 1;
    return copy;
  }

  async #isDue(newest: Snapshot | undefined): Promise<boolean> {
    const zone = this.#log.zones.find((candidate) => !candidate.isStale);
    const files = zone === undefined ? [] : await listLogFiles(zone.folder);
    const { file: from, offset } = newest?.applied.position ?? { file: 0, offset: 0 };
    const bytes = files.filter(({ first }) => first >= from).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#status.sequence = newest?.applied.sequence ?? 0;
    this.#status.logBytesSince = bytes - offset;
    const isRooted = newest !== undefined || files[0] === undefined || files[0].first === 1;
    return !isRooted || this.#status.logBytesSince >= Math.max(this.#options.logBytesMin, newest?.sizeBytes ?? 0);
  }
}

function newestOf(snapshots: readonly (Snapshot | undefined)[]): Snapshot | undefined {
  let newest: Snapshot | undefined;
  for (const snapshot of snapshots) {
    if ((snapshot?.applied.sequence ?? 0) > (newest?.applied.sequence ?? 0)) newest = snapshot;
  }
  return newest;
}
