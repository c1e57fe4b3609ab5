/**
 * A real server under several clients for a long time, with all background work on, while it is killed and restarted and
 * three of its disks are lost, given back, replaced, spoilt, filled up and set back to an older state. From time to time
 * everything is mended, and three other disks are hurt. At the end the bytes of its files are those that its status tells.
 *
 * Time is counted in operations of the clients: a fault comes when so many have been done since the last.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { diskNames } from '../support/data-folders.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { Faults } from './faults.ts';
import {
  type ProcessFigures,
  processFigures,
  type SpaceFigures,
  serverFigures,
  shardBytesOnDisk,
} from './server-figures.ts';
import { SmallDisk } from './small-disk.ts';
import { keysPerClient, SoakClient, type SoakCounts, soakBucket } from './soak-client.ts';

const config = `
store:
  segmentBytesMax: 16777216
  logFileBytesMax: 1048576
  snapshotLogBytes: 1048576
  garbageGraceMs: 1000
jobs:
  scrubPeriodMs: 60000
  scrubBytesPerSecond: 268435456
  repairBytesPerSecond: 67108864
  repairDelayMs: 1000
  compactDeadShareMin: 0.1
`;

const faultsPerEra = 12;
const healLimitMs = 300_000;
const emptyLimitMs = 60_000;
const settleLimitMs = 120_000;
/** What describes a copy, an upload or a bucket in the store, at most. */
const manifestBytesMax = 1024;
/** Compaction seals no open segment for less; there may be nine, each with its parity. */
const openDeadBytesMax = 9 * 1.5 * 1024 * 1024;
const reclaimingJobs = ['compact', 'collect-garbage'] as const;
const settledSteps = 3;

export interface SoakOptions {
  readonly seed: number;
  readonly limitMs: number;
  readonly clients: number;
  readonly operationsPerFault: number;
  readonly report: (line: string) => void;
}

export interface SoakFigures extends SoakCounts {
  readonly faults: ReadonlyMap<string, number>;
  /** How often everything was mended and other disks were chosen. */
  readonly eras: number;
  readonly samples: readonly ProcessFigures[];
  readonly contentBytes: number;
  /** What the status says of the shard files at the end, all of which has been found on the disks. */
  readonly space: SpaceFigures;
  readonly shardBytesWhenEmpty: number;
}

/** Runs it all. Rejects with the first thing that is wrong. */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'ninefold-soak-'));
  const smallDisk = await SmallDisk.mount(dataDirectory, diskNames[options.seed % diskNames.length] ?? '');
  if (!smallDisk)
    options.report('Nothing can be mounted here (it takes root): the soak goes without a disk that fills up.');
  try {
    const environment = { NINEFOLD_LOG_LEVEL: 'warn' };
    await using daemon = await startDaemon({ dataDirectory, config, environment });
    return await new Soak(daemon, options, smallDisk).run();
  } finally {
    await smallDisk?.unmount();
    await rm(dataDirectory, { recursive: true });
  }
}

class Soak {
  readonly #daemon: Daemon;
  readonly #options: SoakOptions;
  readonly #random: SeededRandom;
  readonly #http: S3Http;
  readonly #s3: S3Operations;
  readonly #clients: readonly SoakClient[];
  readonly #counts: SoakCounts = {
    operations: 0,
    refused: 0,
    undecided: 0,
    tookEffect: 0,
    bytesRead: 0,
    bytesWritten: 0,
  };
  readonly #faults: Faults;
  readonly #samples: ProcessFigures[] = [];
  #eras = 0;
  #isOver = false;
  /** Resolved when the server is there; a new one while it is not. */
  #up = Promise.withResolvers<void>();
  /** Resolved while the clients may work; a new one while they are to wait. */
  #turn = Promise.withResolvers<void>();
  /** Called when so many operations have been done. */
  #waiting: { readonly until: number; readonly resolve: () => void } | undefined;

  constructor(daemon: Daemon, options: SoakOptions, smallDisk: SmallDisk | undefined) {
    this.#daemon = daemon;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#http = new S3Http({ port: daemon.port, key: rootKey, limitMs: 60_000 });
    this.#s3 = new S3Operations(this.#http);
    const { dataDirectory } = daemon;
    const restart = (signal: 'SIGKILL' | 'SIGTERM') => this.#restart(signal);
    this.#faults = new Faults(
      { dataDirectory, http: this.#http, random: this.#random, smallDisk, restart },
      options.seed,
    );
    this.#clients = Array.from({ length: options.clients }, (_, i) => {
      const random = new SeededRandom(options.seed * 1000 + i);
      return new SoakClient(this.#s3, random, { name: `client ${i}`, counts: this.#counts });
    });
    this.#up.resolve();
    this.#turn.resolve();
  }

  async run(): Promise<SoakFigures> {
    try {
      return await this.#run();
    } catch (error) {
      this.#options.report(['The last faults:', ...this.#faults.last, 'The server:', this.#daemon.output].join('\n'));
      throw error;
    }
  }

  async #run(): Promise<SoakFigures> {
    await this.#s3.createBucket(soakBucket);
    const endMs = performance.now() + this.#options.limitMs;
    const working = Promise.all(this.#clients.map((client) => this.#work(client)));
    // What is wrong with a client ends the faults too, and the other way round.
    await Promise.race([working, this.#hurt(endMs)]).finally(() => {
      this.#isOver = true;
    });
    await working;
    await this.#heal();
    for (const client of this.#clients) await client.expectAll();
    const contentBytes = this.#clients.reduce((sum, { bytes }) => sum + bytes, 0);
    const space = await this.#expectAccounted();
    const shardBytesWhenEmpty = await this.#empty();
    this.#http.close();
    const { faults, eras, samples } = { faults: this.#faults.counts, eras: this.#eras, samples: this.#samples };
    return { ...this.#counts, faults, eras, samples, contentBytes, space, shardBytesWhenEmpty };
  }

  async #work(client: SoakClient): Promise<void> {
    while (!this.#isOver) {
      await this.#turn.promise;
      if (!(await client.operate())) {
        await this.#up.promise;
        await this.#settle(client);
      }
      if (this.#waiting !== undefined && this.#counts.operations >= this.#waiting.until) this.#waiting.resolve();
    }
  }

  /** The server may be killed once more meanwhile. */
  async #settle(client: SoakClient): Promise<void> {
    for (;;) {
      const outcome = await client.settle().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (outcome === undefined) return;
      if (!String(outcome).match(/ECONN|socket hang up|aborted|EPIPE/)) throw outcome;
      await this.#up.promise;
    }
  }

  async #hurt(endMs: number): Promise<void> {
    for (let n = 1; performance.now() < endMs; n++) {
      await this.#operations(this.#options.operationsPerFault);
      // Space must not wait for their next turn, or the small disk would be full all the time.
      await this.#reclaim();
      await this.#faults.next();
      const figures = await processFigures(this.#daemon.pid);
      if (figures !== undefined) this.#samples.push(figures);
      if (n % faultsPerEra !== 0) continue;
      await this.#heal();
      this.#eras += 1;
      this.#faults.choose(this.#options.seed + this.#eras);
      this.#options.report(
        `${Math.round((endMs - performance.now()) / 1000)} s left, ${this.#counts.operations} operations, ` +
          `${figures?.residentMebibytes} MiB resident, ${figures?.descriptors} descriptors`,
      );
    }
  }

  /** Waits until the clients have done so many more operations. */
  async #operations(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { until: this.#counts.operations + count, resolve };
    await promise;
  }

  async #restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#up = Promise.withResolvers<void>();
    if (signal === 'SIGKILL') await this.#daemon.kill9();
    else await this.#daemon.terminate();
    this.#http.reset();
    // With three disks away it may be impossible to say whether the last change counts, and a start waits for them.
    await this.#faults.giveBackDisks();
    await this.#daemon.start();
    this.#up.resolve();
  }

  /**
   * Gives all disks back, and waits until every shard was read, and rebuilt where it was bad. Clients go on, and wait in
   * between, so that the small disk is not filled up as fast as its space is given back.
   */
  async #heal(): Promise<void> {
    await this.#faults.end();
    try {
      await this.#untilMended();
    } finally {
      this.#turn.resolve();
    }
  }

  async #untilMended(): Promise<void> {
    const startedMs = Date.now();
    const deadlineMs = performance.now() + healLimitMs;
    let found = '';
    while (performance.now() < deadlineMs) {
      this.#turn.resolve();
      if (!this.#isOver) await this.#operations(20);
      this.#turn = Promise.withResolvers<void>();
      await this.#http.send({ method: 'POST', path: '/-/jobs/scrub/run' });
      await this.#reclaim();
      const { jobs } = await serverFigures(this.#http);
      const { passStartedMs = 0, pass } = jobs.get('scrub') ?? {};
      const { degradedSegments = 0 } = jobs.get('repair') ?? {};
      found = JSON.stringify([...jobs]);
      if (Number(passStartedMs) > startedMs && pass === 'done' && degradedSegments === 0) return;
    }
    throw new Error(`Not everything was mended within ${healLimitMs} ms: ${found}`);
  }

  /**
   * Once compaction and the collector have nothing left to do, every byte of the shard files is live, dead or overhead as the
   * status says, what is live is what the clients have, and of what is dead no more is left than compaction leaves alone.
   */
  async #expectAccounted(): Promise<SpaceFigures> {
    for (const client of this.#clients) await client.abortUploads();
    const space = await this.#settledSpace();
    const onDisk = await shardBytesOnDisk(this.#daemon.dataDirectory);
    const { stored, live, dead, overhead, objects } = space;
    const told = JSON.stringify(space);
    if (stored !== onDisk || live + dead + overhead !== onDisk)
      throw new Error(`${onDisk} bytes on disk are not ${told}`);
    const distinct = this.#clients.reduce((sum, { distinctBytes }) => sum + distinctBytes, 0);
    const described = (this.#clients.length * keysPerClient + 1) * manifestBytesMax;
    if (objects < distinct || objects > distinct + described)
      throw new Error(`${distinct} bytes of objects are not ${told}`);
    if (dead > live / 4 + openDeadBytesMax) throw new Error(`Dead bytes were not given back: ${told}`);
    return space;
  }

  async #reclaim(): Promise<void> {
    for (const job of reclaimingJobs) await this.#http.send({ method: 'POST', path: `/-/jobs/${job}/run` });
  }

  /** What the status says of the space when several steps of compaction and of the collector have changed nothing. */
  async #settledSpace(): Promise<SpaceFigures> {
    const deadlineMs = performance.now() + settleLimitMs;
    let since = { told: '', steps: 0 };
    while (performance.now() < deadlineMs) {
      await this.#reclaim();
      const { space, jobs } = await serverFigures(this.#http);
      const found = reclaimingJobs.map((job) => jobs.get(job) ?? {});
      const told = JSON.stringify([space, found.map(({ waitingSegments }) => waitingSegments)]);
      const steps = Math.min(...found.map((job) => Number(job['steps'])));
      if (told !== since.told) since = { told, steps };
      const isIdle = found.every((job) => job['waitingSegments'] === 0);
      if (isIdle && steps >= since.steps + settledSteps) return space;
    }
    throw new Error(`Space still changed after ${settleLimitMs} ms: ${since.told}`);
  }

  /** Deletes everything; returns how many bytes of shards are left once the collector has been through. */
  async #empty(): Promise<number> {
    for (const client of this.#clients) await client.deleteAll();
    // The bucket too has a few bytes in the store, from which a lost index would be rebuilt.
    const { status } = await this.#s3.deleteBucket(soakBucket);
    if (status !== 204) throw new Error(`The bucket is not empty: ${status}`);
    await this.#restart('SIGTERM');
    const deadlineMs = performance.now() + emptyLimitMs;
    for (;;) {
      await this.#http.send({ method: 'POST', path: '/-/jobs/collect-garbage/run' });
      const bytes = await shardBytesOnDisk(this.#daemon.dataDirectory);
      if (bytes === 0 || performance.now() > deadlineMs) return bytes;
    }
  }
}
