/**
 * The disks of the store and what is known of each. A disk is
 * - healthy: its identity file was seen, by path, at the last look, and nothing on it has failed since it was verified;
 * - suspect: an operation on it has hung, or it is being verified. It is not written; while it hangs it is not read either;
 * - failed: it is another's, or an operation on it failed. It is read (every block is verified) but not written. A disk
 *   that is not the one that should be there is not read either;
 * - missing: its identity file cannot be seen. Its files are closed: nothing is written to a folder that was moved away.
 *
 * Whatever it was, it becomes healthy only by verification (`disk-verification.ts`): at the start, when it is back, when it
 * answers again, when its identity file was replaced by its equal; and after a failure when a pause is over, which doubles
 * with each failure. A disk that is full stays healthy, but takes no new data.
 *
 * `check` looks at all disks; the timer does it several times a second, and less often at rest (`look-pace.ts`). Disks do not
 * wait for each other. Listeners hear of a change after the state has changed, synchronously, so that nothing is placed on a disk between the two.
 */
import { setInterval } from 'node:timers';
import { type Clock, systemClock } from '../lib/clock.ts';
import { Disk, type DiskHealth, type DiskPlace, type DiskStanding } from './disk.ts';
import { DiskGate, DiskSilent } from './disk-gate.ts';
import { createDisk, type DiskIdentity, errorCode, lookAtIdentity, readIdentity } from './disk-identity.ts';
import type { DiskRegistry } from './disk-registry.ts';
import { type DiskSpace, defaultReserveBytes, isFullNow, measureSpace } from './disk-space.ts';
import { listShardFiles, writeProbe } from './disk-verification.ts';
import { LookPace } from './look-pace.ts';
import { type BlobLog, type BlobStoreOptions, silentLog } from './options.ts';
import type { RegisteredDisk } from './registry-format.ts';
import type { SegmentTable } from './segments.ts';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** A disk that was healthy for this long has its failures forgiven. */
const FORGIVEN_AFTER_MS = 3_600_000;

/** Errors that say that there is no space. */
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);
/** Errors that say something of this process, not of the disk. */
const NOT_THE_DISKS_FAULT = new Set(['EMFILE', 'ENFILE', 'EBADF', 'ENOMEM']);
const NOT_THERE = new Set(['ENOENT', 'ENOTDIR']);

export function isNoSpace(error: unknown): boolean {
  return NO_SPACE.has(errorCode(error));
}

export interface DiskListener {
  /** A disk can be read or written now, or no longer. */
  diskChanged(disk: Disk): void;
}

export class Disks {
  /** How long an operation may take before its disk is taken out of use. */
  readonly timeoutMs: number;
  /** Told of every use of the store. */
  readonly pace = new LookPace();
  readonly #options: BlobStoreOptions;
  readonly #registry: DiskRegistry;
  readonly #table: SegmentTable;
  readonly #clock: Clock;
  readonly #log: BlobLog;
  /** Disks whose trouble stands in the log. */
  readonly #reported = new Set<Disk>();
  readonly #listeners: DiskListener[] = [];
  readonly #checks = new Map<Disk, Promise<void>>();
  #all: readonly Disk[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    options: BlobStoreOptions & { readonly diskTimeoutMs: number },
    registry: DiskRegistry,
    table: SegmentTable,
  ) {
    this.#options = options;
    this.#registry = registry;
    this.timeoutMs = options.diskTimeoutMs;
    this.#table = table;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    const { disks: registered } = registry;
    const taken = new Set(registered.filter(({ state }) => state === 'active').map(({ path }) => path));
    for (const entry of registered) {
      // Where another disk has taken the very folder of a replaced one, nothing of that is left.
      const isGone = entry.state === 'removed' || (entry.state === 'replaced' && taken.has(entry.path));
      if (!isGone) this.add(entry);
    }
  }

  get all(): readonly Disk[] {
    return this.#all;
  }

  /** A disk as it is registered becomes part of the store. It is used once `check` has verified it. */
  add({ id, zone, group, path, state, rankedAs }: RegisteredDisk): Disk {
    const disk = this.#makeDisk({ path, zone, group });
    disk.id = id;
    disk.inheritedRank = rankedAs;
    if (state !== 'removed') disk.standing = state;
    this.#all = [...this.#all, disk];
    return disk;
  }

  /** The disk is no part of the store any more. */
  forget(disk: Disk): void {
    this.#all = this.#all.filter((other) => other !== disk);
    disk.readable = false;
    this.#change(disk, 'missing', 'it was removed');
    this.#table.forget(disk);
  }

  setStanding(disk: Disk, standing: DiskStanding): void {
    disk.standing = standing;
    disk.sinceMs = this.#clock.nowMs();
    this.#log.info({ disk: disk.path, standing }, 'What a disk is meant for has changed');
    this.#tell(disk);
  }

  /** The disks that new segments may be placed on, whatever state they are in at the moment. */
  get staying(): readonly Disk[] {
    return this.all.filter(({ standing }) => standing === 'active');
  }

  /** Those of them that segments of a group are placed on. */
  stayingIn(group: string): readonly Disk[] {
    return this.staying.filter((disk) => disk.group === group);
  }

  /** Once all disks have been verified, what each is behind of the others can be said. */
  explainLacks(): void {
    for (const disk of this.all) {
      if (disk.health !== 'healthy') continue;
      disk.reason = this.#table.describeLacks(disk, this.staying);
      if (disk.reason !== undefined) this.#log.warn({ disk: disk.path, reason: disk.reason }, 'A disk is behind');
    }
  }

  #makeDisk(place: DiskPlace): Disk {
    const gate = new DiskGate(this.timeoutMs, (what) => {
      disk.readable = false;
      this.#setHealth(disk, 'suspect', what);
    });
    const disk = new Disk(place, this.#clock.nowMs(), gate);
    disk.readFailed = (error) => this.#readFailed(disk, error);
    return disk;
  }

  /**
   * Makes disks of the folders that have no identity yet. For a store without a single segment only: later, a folder
   * without identity is a disk that was lost, and making a new one of it would hide that.
   */
  async createMissing(): Promise<void> {
    await Promise.all(
      this.all.map(async ({ id, path, zone, group, gate }) => {
        // One that had an identity once is a disk that was lost.
        if (id !== '') return;
        try {
          const found = await gate.run(() => readIdentity(path));
          if (found.kind !== 'absent') return;
          await gate.run(() => createDisk(path, { clusterId: this.#options.clusterId, zone, group }));
        } catch (error) {
          this.#log.error({ disk: path, error }, 'A disk folder cannot be created');
        }
      }),
    );
  }

  listen(listener: DiskListener): void {
    this.#listeners.push(listener);
  }

  watch(intervalMs: number): void {
    if (intervalMs === 0) return;
    this.#timer = setInterval(() => {
      if (this.pace.isDue(this.all.every(({ health }) => health === 'healthy'))) void this.check();
    }, intervalMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#checks.values());
  }

  /** Looks at disks by path. Never rejects, and waits for none longer than the limit of an operation that hangs. */
  async check(disks: Iterable<Disk> = this.all): Promise<void> {
    await Promise.all(Array.from(disks, (disk) => this.#checkOnce(disk)));
  }

  /**
   * So many bytes will be written to each of these disks. They count at once, not only at the next look, so that the reserve
   * of a disk is not written over by those who were let in before it was known to be full.
   */
  promise(disks: Iterable<Disk | undefined>, bytes: number): void {
    for (const disk of this.#onDevicesOf(disks)) {
      disk.promisedBytes += bytes;
      if (disk.space && this.#isFull(disk, disk.space)) this.#setFull(disk, true);
    }
  }

  /** Bytes that were promised have been written, or will never be: the next look shows it. */
  settle(disks: Iterable<Disk | undefined>, bytes: number): void {
    for (const disk of this.#onDevicesOf(disks)) disk.writtenBytes += bytes;
  }

  /** For each of the disks all that share its file system: as often as they share one. */
  *#onDevicesOf(disks: Iterable<Disk | undefined>): Generator<Disk> {
    for (const disk of disks) for (const other of this.all) if (disk && other.device === disk.device) yield other;
  }

  #isFull(disk: Disk, { sizeBytes, freeBytes }: DiskSpace): boolean {
    const left = { sizeBytes, freeBytes: freeBytes - disk.promisedBytes };
    return isFullNow(left, disk.isFull, disk.reserveBytes);
  }

  /** A write to a disk failed with this error. Whoever met it has given the file up. */
  reportWriteError(disk: Disk, error: unknown): void {
    const code = errorCode(error);
    // A disk that hangs was reported by its gate.
    if (error instanceof DiskSilent) return;
    this.#log.warn({ disk: disk.path, error }, 'A write to a disk failed');
    if (disk.health !== 'healthy' || NOT_THE_DISKS_FAULT.has(code)) return;
    if (isNoSpace(error)) {
      disk.wasRefusedSpace = true;
      this.#setFull(disk, true);
    } else if (NOT_THERE.has(code)) {
      disk.readable = false;
      this.#setHealth(disk, 'missing', String(error));
    } else {
      this.#fail(disk, `a write failed: ${String(error)}`);
    }
  }

  /** Of all errors of reads only one of the device itself says something of the disk. */
  #readFailed(disk: Disk, error: unknown): void {
    if (disk.health === 'healthy' && errorCode(error) === 'EIO') this.#fail(disk, `a read failed: ${String(error)}`);
  }

  #checkOnce(disk: Disk): Promise<void> | undefined {
    const running = this.#checks.get(disk);
    if (running) return running;
    // The probe before this one hangs: there is no more to be learnt, and no thread to be lost.
    if (!disk.gate.canProbe) return undefined;
    const check = this.#checkDisk(disk)
      .catch((error: unknown) => {
        if (!(error instanceof DiskSilent)) this.#log.error({ disk: disk.path, error }, 'A disk cannot be looked at');
      })
      .finally(() => this.#checks.delete(disk));
    this.#checks.set(disk, check);
    return check;
  }

  async #checkDisk(disk: Disk): Promise<void> {
    const look = await disk.gate.probe(() => lookAtIdentity(disk.path));
    if (look === undefined) {
      disk.stamp = undefined;
      disk.readable = false;
      if (disk.health !== 'missing') this.#setHealth(disk, 'missing', 'its identity file cannot be seen');
      return;
    }
    disk.device = look.device;
    if (look.stamp !== disk.stamp || this.#isDue(disk)) await this.#identify(disk, look.stamp);
    else if (disk.health === 'healthy') await this.#measure(disk);
  }

  /** Whether a disk that looks as before is to be verified. */
  #isDue(disk: Disk): boolean {
    if (disk.health === 'failed') return this.#clock.nowMs() >= disk.verifyAtMs;
    return disk.health !== 'healthy';
  }

  async #identify(disk: Disk, stamp: string): Promise<void> {
    const found = await disk.gate.probe(() => readIdentity(disk.path));
    // A file that vanished between the two looks is met at the next one.
    if (found.kind === 'absent') return;
    disk.stamp = stamp;
    const reason = found.kind === 'bad' ? found.reason : this.#mismatch(disk, found.identity);
    if (reason !== undefined) {
      disk.readable = false;
      disk.verifyAtMs = Number.POSITIVE_INFINITY;
      if (disk.health !== 'failed' || disk.reason !== reason) this.#setHealth(disk, 'failed', reason);
      return;
    }
    if (found.kind === 'ok') disk.id = found.identity.diskId;
    await this.#verify(disk);
  }

  #mismatch(disk: Disk, identity: DiskIdentity): string | undefined {
    const { clusterId, diskId, zone, group } = identity;
    if (clusterId !== this.#options.clusterId) return `it belongs to another cluster, ${clusterId}`;
    if (zone !== disk.zone) return `it belongs to zone ${zone}`;
    if (group !== disk.group) return `it belongs to the group ${group}`;
    if (disk.standing !== 'replaced' && this.#registry.isRetired(diskId)) {
      return `a disk that was removed is in its place, ${diskId}: empty the folder to use it anew`;
    }
    const twin = this.all.find((other) => other !== disk && other.id === diskId);
    if (disk.id !== '' && diskId !== disk.id) {
      return twin
        ? `the disk of ${twin.path}, or a copy of it, is in its place`
        : `another disk is in its place, ${diskId}`;
    }
    return twin && `it is a copy of the disk at ${twin.path}`;
  }

  /** Makes a disk healthy, if it shows that it is. */
  async #verify(disk: Disk): Promise<void> {
    // As long as what hung before fills the gate, nothing could be done on the disk.
    if (!disk.gate.hasPlace) return;
    if (disk.health !== 'suspect') this.#change(disk, 'suspect', 'it is being verified');
    try {
      const files = await listShardFiles(disk);
      if (!this.all.includes(disk)) return;
      this.#table.takeUp(disk, files);
      disk.readable = true;
      await disk.gate.probe(() => writeProbe(disk.path));
      disk.wasRefusedSpace = false;
    } catch (error) {
      if (error instanceof DiskSilent) throw error;
      const code = errorCode(error);
      // These say nothing against the disk, which is verified again at the next look.
      if (NOT_THE_DISKS_FAULT.has(code) || NOT_THERE.has(code)) return;
      if (!isNoSpace(error)) {
        this.#fail(disk, `it could not be verified: ${String(error)}`);
        return;
      }
      disk.wasRefusedSpace = true;
    }
    disk.gate.open();
    await this.#measure(disk);
    this.#setHealth(disk, 'healthy', this.#table.describeLacks(disk, this.staying));
  }

  async #measure(disk: Disk): Promise<void> {
    const { writtenBytes } = disk;
    disk.space = await disk.gate.probe(() => measureSpace(disk.path));
    disk.reserveBytes = this.#options.reserveBytes ?? defaultReserveBytes(disk.space);
    disk.writtenBytes -= writtenBytes;
    disk.promisedBytes -= writtenBytes;
    let isFull = this.#isFull(disk, disk.space);
    if (!isFull && disk.wasRefusedSpace) {
      // What is said to be free may not be for us, such as beyond a quota.
      isFull = await disk.gate
        .probe(() => writeProbe(disk.path))
        .then(
          () => false,
          () => true,
        );
      disk.wasRefusedSpace = isFull;
    }
    this.#setFull(disk, isFull);
  }

  #setFull(disk: Disk, isFull: boolean): void {
    if (disk.isFull === isFull) return;
    disk.isFull = isFull;
    const fields = { disk: disk.path, freeBytes: disk.space?.freeBytes };
    if (isFull) this.#log.warn(fields, 'A disk is full: it takes no new data');
    else this.#log.info(fields, 'A disk has space again');
    this.#tell(disk);
  }

  #fail(disk: Disk, reason: string): void {
    const nowMs = this.#clock.nowMs();
    if (disk.health === 'healthy' && nowMs - disk.sinceMs > FORGIVEN_AFTER_MS) disk.failures = 0;
    disk.verifyAtMs = nowMs + Math.min(FIRST_PAUSE_MS * 2 ** disk.failures, LONGEST_PAUSE_MS);
    disk.failures++;
    this.#setHealth(disk, 'failed', reason);
  }

  #setHealth(disk: Disk, health: DiskHealth, reason: string | undefined): void {
    if (health !== 'healthy') {
      this.#reported.add(disk);
      this.#log.warn({ disk: disk.path, state: health, reason }, 'A disk takes no writes');
    } else if (this.#reported.delete(disk)) {
      this.#log.info({ disk: disk.path, reason }, 'A disk is back in use');
    }
    this.#change(disk, health, reason);
  }

  #change(disk: Disk, health: DiskHealth, reason: string | undefined): void {
    if (disk.health !== health) disk.sinceMs = this.#clock.nowMs();
    disk.health = health;
    disk.reason = reason;
    this.#tell(disk);
  }

  #tell(disk: Disk): void {
    for (const listener of this.#listeners) listener.diskChanged(disk);
  }
}
