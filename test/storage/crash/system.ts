/**
 * The storage of a server as the daemon puts it together, below the current folder and without HTTP: cluster identity,
 * locks, blob store, index, engine. Paths are relative, so that a tree can be opened wherever it is put. Background work
 * is done step by step when it is asked for.
 */
import { type ErasureBlobStore, openBlobStore } from '../../../src/blob/store.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { openCluster } from '../../../src/data-folder.ts';
import { type Compaction, createCompaction } from '../../../src/engine/compaction.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import type { Engine } from '../../../src/engine/types.ts';
import { flushAlongside } from '../../../src/engine/wave.ts';
import { collectGarbage } from '../../../src/jobs/collect-garbage.ts';
import { compact } from '../../../src/jobs/compact.ts';
import type { Job } from '../../../src/jobs/job.ts';
import { jobStateIn } from '../../../src/jobs/job-state.ts';
import { rebalance } from '../../../src/jobs/rebalance.ts';
import { repair } from '../../../src/jobs/repair.ts';
import { scrub } from '../../../src/jobs/scrub.ts';
import { keepSnapshots } from '../../../src/jobs/snapshot.ts';
import { openIndex } from '../../../src/meta/index-store.ts';
import type { Index } from '../../../src/meta/types.ts';
import { lockZones } from '../../../src/meta/zone-locks.ts';
import { settleRebuilt } from '../../../src/rebuilt-index.ts';

export const zoneNames = ['zone-a', 'zone-b', 'zone-c'] as const;
/** Steps of a job after which it must have become idle. */
const STEPS_MAX = 1000;

export interface SystemOptions {
  readonly segmentSizeMaxBytes?: number;
  readonly logFileSizeMaxBytes?: number;
  readonly snapshotLogBytes?: number;
  /** Whether there is a group of disks for STANDARD_IA, which is kept on it as copies. */
  readonly hasSlowDisks?: boolean;
  /** Default 4. */
  readonly stripeBufferCount?: number;
}

/** Classes by which scenes choose how objects are coded. */
const schemes = { STANDARD: '6+3', EXPRESS_ONEZONE: '1+2' } as const;

const zones = zoneNames.map((name) => {
  const path = `data/${name}`;
  return { name, path, disks: ['disk-1', 'disk-2', 'disk-3'].map((disk) => `${path}/${disk}`) };
});

const slowDisks = {
  zones: zones.map((zone) => ({ ...zone, disks: [...zone.disks, { path: `${zone.path}/slow-1`, group: 'slow' }] })),
  schemes: { ...schemes, STANDARD_IA: '1+2' },
  groups: { STANDARD_IA: 'slow' },
} as const;

/** What a command is told that works on the storage instead of a server. */
export function systemConfig(): Config {
  return { ...loadConfig({ data: 'data' }, {}), zones };
}

const silent = { info: () => {}, warn: () => {}, error: () => {} };

/** Goes on by a millisecond whenever it is read. */
class SteppingClock {
  #nowMs = 1_750_000_000_000;
  nowMs(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }
}

export class System implements AsyncDisposable {
  readonly blobs: ErasureBlobStore;
  readonly index: Index;
  readonly engine: Engine;
  readonly compaction: Compaction;
  readonly clock: SteppingClock;
  readonly #locks: { release(): void };

  private constructor(
    parts: Pick<System, 'blobs' | 'index' | 'engine' | 'compaction' | 'clock'>,
    locks: { release(): void },
  ) {
    this.blobs = parts.blobs;
    this.index = parts.index;
    this.engine = parts.engine;
    this.compaction = parts.compaction;
    this.clock = parts.clock;
    this.#locks = locks;
  }

  static async open(options: SystemOptions = {}): Promise<System> {
    const clusterId = openCluster({ zones }, silent);
    const zonePaths = zones.map(({ path }) => path);
    const locks = lockZones(zonePaths, silent);
    await settleRebuilt(zonePaths, silent);
    const clock = new SteppingClock();
    const classes = options.hasSlowDisks ? slowDisks : { zones, schemes };
    const blobs = await openBlobStore({
      zones: classes.zones,
      clusterId,
      stripeBufferCount: options.stripeBufferCount ?? 4,
      encoderThreadCount: 0,
      diskCheckIntervalMs: 0,
      ...(options.segmentSizeMaxBytes !== undefined && { segmentSizeMaxBytes: options.segmentSizeMaxBytes }),
      log: silent,
    });
    try {
      const index = await openIndex({
        zones,
        clusterId,
        alongside: () => flushAlongside(blobs),
        isIntact: (location) => blobs.isIntact(location),
        ...(options.logFileSizeMaxBytes !== undefined && { logFileSizeMaxBytes: options.logFileSizeMaxBytes }),
        ...(options.snapshotLogBytes !== undefined && { snapshotLogBytes: options.snapshotLogBytes }),
        log: silent,
      });
      const engine = createEngine({ index, blobs, clock, limits: { partSizeMinBytes: 1 }, ...classes });
      const compaction = createCompaction({ index, blobs, maintenance: blobs.maintenance });
      return new System({ blobs, index, engine, compaction, clock }, locks);
    } catch (error) {
      await blobs.close();
      locks.release();
      throw error;
    }
  }

  /** Collects all garbage that there is, without grace. */
  async collectGarbage(): Promise<void> {
    await this.runUntilIdle(collectGarbage({ garbage: this.engine.garbage, clock: this.clock, graceMs: 0 }));
  }

  /** Makes a snapshot of the index, if one is due, and gives it to every zone. */
  async keepSnapshots(): Promise<void> {
    await this.runUntilIdle(keepSnapshots({ upkeep: this.index.upkeep }));
  }

  /** Moves what is alive out of segments in which much is dead. */
  async compact(): Promise<void> {
    this.blobs.maintenance.retireOpen();
    const { compaction, clock } = this;
    await this.runUntilIdle(compact({ compaction, clock, deadShareMin: 0.2, bytesPerSecond: Number.MAX_SAFE_INTEGER }));
  }

  /** Reads and verifies everything, mends what is bad, and moves what lies on another disk than it should. */
  async mend(): Promise<void> {
    const work = { maintenance: this.blobs.maintenance, clock: this.clock, bytesPerSecond: Number.MAX_SAFE_INTEGER };
    const scrubbing = scrub({ ...work, state: jobStateIn(this.index, 'scrub'), periodMs: Number.MAX_SAFE_INTEGER });
    // A job that has just started rests first.
    await scrubbing.step();
    for (const job of [scrubbing, repair(work), rebalance(work)]) await this.runUntilIdle(job);
  }

  async runUntilIdle(job: Job): Promise<void> {
    for (let steps = 0; (await job.step()) !== 'idle'; steps++) {
      if (steps > STEPS_MAX) throw new Error(`${job.name} does not come to an end`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.compaction.close();
    await this.index.close();
    await this.blobs.close();
    this.#locks.release();
  }
}
