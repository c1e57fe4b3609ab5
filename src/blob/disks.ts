/**
 * The disks of the store and what is known of each. A disk is
 * - healthy: its identity file was seen, by path, at the last look;
 * - missing: it was not. Its files are closed, nothing is written to a folder that was moved away; when it is back with
 *   the same identity it is healthy again;
 * - failed: it is another's, or a write to it failed. It is read (every block is verified) but not written until it has
 *   been away and back, or the server restarts. A disk of another cluster is not read either.
 *
 * `check` looks at all disks; the timer does it several times a second. Listeners hear of a change after the state has
 * changed, synchronously, so that nothing is placed on a disk between the two.
 */
import { setInterval } from 'node:timers';
import { type Clock, systemClock } from '../lib/clock.ts';
import { Disk } from './disk.ts';
import { createDisk, errorCode, lookAtIdentity, readIdentity } from './disk-identity.ts';
import { isFullNow, measureSpace } from './disk-space.ts';
import type { BlobLog, BlobStoreOptions } from './options.ts';
import type { DiskStateName } from './types.ts';

/** Errors that say something of the request or of space, not of the disk. */
const NOT_THE_DISKS_FAULT = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EBADF']);

export interface DiskListener {
  /** A disk left or came back. What must not wait happens synchronously; `check` waits for what is returned. */
  diskChanged(disk: Disk): void | Promise<void>;
}

export class Disks {
  readonly all: readonly Disk[];
  readonly #clusterId: string;
  readonly #reserveBytes: number | undefined;
  readonly #clock: Clock;
  readonly #log: BlobLog;
  /** Disks whose trouble stands in the log. */
  readonly #reported = new Set<Disk>();
  readonly #listeners: DiskListener[] = [];
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;

  constructor(options: BlobStoreOptions, log: BlobLog) {
    this.#clusterId = options.clusterId;
    this.#reserveBytes = options.reserveBytes;
    this.#clock = options.clock ?? systemClock;
    this.#log = log;
    this.all = options.zones.flatMap(({ name, disks }) =>
      disks.map((path) => new Disk({ path, zone: name }, this.#clock.nowMs())),
    );
  }

  /**
   * Makes disks of the folders that have no identity yet. For a store without a single segment only: later, a folder
   * without identity is a disk that was lost, and making a new one of it would hide that.
   */
  async createMissing(): Promise<void> {
    await Promise.all(
      this.all.map(async (disk) => {
        const found = await readIdentity(disk.path);
        if (found.kind !== 'absent') return;
        try {
          await createDisk(disk.path, { clusterId: this.#clusterId, zone: disk.zone });
        } catch (error) {
          this.#log.error({ disk: disk.path, error }, 'A disk folder cannot be created');
        }
      }),
    );
  }

  listen(listener: DiskListener): void {
    this.#listeners.push(listener);
  }

  watch(intervalMs: number): void {
    if (intervalMs > 0) this.#timer = setInterval(() => void this.check(), intervalMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#checking;
  }

  /** The disks that take writes. */
  usable(): Disk[] {
    return this.all.filter(({ state }) => state === 'healthy');
  }

  /** Looks at every disk's identity file by path. Never rejects. */
  check(): Promise<void> {
    this.#checking ??= Promise.all(this.all.map((disk) => this.#checkDisk(disk)))
      .then(() => undefined)
      .finally(() => {
        this.#checking = undefined;
      });
    return this.#checking;
  }

  /** A write to a disk failed with this error. */
  reportWriteError(disk: Disk, error: unknown): void {
    this.#log.warn({ disk: disk.path, error }, 'A write to a disk failed');
    if (disk.state !== 'healthy' || NOT_THE_DISKS_FAULT.has(errorCode(error))) return;
    const gone = errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
    void this.#setState(disk, gone ? 'missing' : 'failed', String(error));
  }

  async #checkDisk(disk: Disk): Promise<void> {
    const look = await lookAtIdentity(disk.path);
    if (look === undefined) {
      disk.stamp = undefined;
      if (disk.state !== 'missing') await this.#setState(disk, 'missing', 'its identity file cannot be seen');
      return;
    }
    disk.device = look.device;
    await this.#measure(disk);
    if (look.stamp === disk.stamp && disk.state !== 'missing') return;
    const found = await readIdentity(disk.path);
    // A file that vanished between the two looks is met at the next one.
    if (found.kind === 'absent') return;
    disk.stamp = look.stamp;
    const reason = found.kind === 'bad' ? found.reason : this.#mismatch(disk, found.identity);
    if (reason !== undefined) {
      if (disk.state !== 'failed' || disk.reason !== reason) {
        await this.#setState(disk, 'failed', reason, false);
      }
      return;
    }
    if (found.kind === 'ok') disk.id = found.identity.diskId;
    await this.#setState(disk, 'healthy');
  }

  async #measure(disk: Disk): Promise<void> {
    try {
      disk.space = await measureSpace(disk.path);
      disk.isFull = isFullNow(disk.space, disk.isFull, this.#reserveBytes);
    } catch (error) {
      this.#log.warn({ disk: disk.path, error }, 'The space of a disk cannot be measured');
    }
  }

  #mismatch(disk: Disk, identity: { clusterId: string; diskId: string; zone: string }): string | undefined {
    if (identity.clusterId !== this.#clusterId) return `it belongs to another cluster, ${identity.clusterId}`;
    if (identity.zone !== disk.zone) return `it belongs to zone ${identity.zone}`;
    if (disk.id !== '' && identity.diskId !== disk.id) return `another disk is in its place, ${identity.diskId}`;
    const twin = this.all.find((other) => other !== disk && other.id === identity.diskId);
    return twin && `it is a copy of the disk at ${twin.path}`;
  }

  async #setState(disk: Disk, state: DiskStateName, reason?: string, readable = state !== 'missing'): Promise<void> {
    if (disk.state !== state) disk.sinceMs = this.#clock.nowMs();
    disk.state = state;
    disk.reason = reason;
    disk.readable = readable;
    if (state !== 'healthy') {
      this.#reported.add(disk);
      this.#log.warn({ disk: disk.path, state, reason }, 'A disk takes no writes');
    } else if (this.#reported.delete(disk)) {
      this.#log.info({ disk: disk.path }, 'A disk is back in use');
    }
    await Promise.all(this.#listeners.map((listener) => listener.diskChanged(disk)));
  }
}
