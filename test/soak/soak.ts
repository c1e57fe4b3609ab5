/**
 * A real server under several clients for a long time, with all background work on, while it is killed and restarted and
 * three of its disks are lost, given back, spoilt and set back to an older state. From time to time everything is mended,
 * and three other disks are hurt.
 *
 * Time is counted in operations of the clients: a fault comes when so many have been done since the last.
 */
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { HurtDisks } from '../support/hurt-disks.ts';
import { S3Http } from '../support/s3-http.ts';
import { S3Operations } from '../support/s3-operations.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { jobDetails, type ProcessFigures, processFigures, shardBytesOnDisk } from './server-figures.ts';
import { SoakClient, type SoakCounts, soakBucket } from './soak-client.ts';

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
  readonly shardBytes: number;
  readonly shardBytesWhenEmpty: number;
}

/** Runs it all. Rejects with the first thing that is wrong. */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  await using daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'error' } });
  const soak = new Soak(daemon, options);
  return await soak.run();
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
  readonly #faults = new Map<string, number>();
  readonly #samples: ProcessFigures[] = [];
  #disks: HurtDisks;
  #eras = 0;
  #isOver = false;
  /** Resolved when the server is there; a new one while it is not. */
  #up = Promise.withResolvers<void>();
  /** Called when so many operations have been done. */
  #waiting: { readonly until: number; readonly resolve: () => void } | undefined;

  constructor(daemon: Daemon, options: SoakOptions) {
    this.#daemon = daemon;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#http = new S3Http({ port: daemon.port, key: rootKey, limitMs: 60_000 });
    this.#s3 = new S3Operations(this.#http);
    this.#disks = new HurtDisks(daemon.dataDirectory, options.seed);
    this.#clients = Array.from({ length: options.clients }, (_, i) => {
      const random = new SeededRandom(options.seed * 1000 + i);
      return new SoakClient(this.#s3, random, { name: `client ${i}`, counts: this.#counts });
    });
    this.#up.resolve();
  }

  async run(): Promise<SoakFigures> {
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
    const shardBytes = await shardBytesOnDisk(this.#daemon.dataDirectory);
    const shardBytesWhenEmpty = await this.#empty();
    this.#http.close();
    const { faults, eras, samples } = { faults: this.#faults, eras: this.#eras, samples: this.#samples };
    return { ...this.#counts, faults, eras, samples, contentBytes, shardBytes, shardBytesWhenEmpty };
  }

  async #work(client: SoakClient): Promise<void> {
    while (!this.#isOver) {
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
      await this.#fault();
      const figures = await processFigures(this.#daemon.pid);
      if (figures !== undefined) this.#samples.push(figures);
      if (n % faultsPerEra !== 0) continue;
      await this.#heal();
      this.#eras += 1;
      this.#disks = new HurtDisks(this.#daemon.dataDirectory, this.#options.seed + this.#eras);
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

  async #fault(): Promise<void> {
    const random = this.#random;
    const disk = random.below(3);
    const spot = { file: random.below(1000), at: random.below(2 ** 31) };
    const faults: Record<string, () => Promise<void>> = {
      'kill -9': () => this.#restart('SIGKILL'),
      restart: () => this.#restart('SIGTERM'),
      'one disk away': () => this.#disks.lose([disk]),
      'two disks away': () => this.#disks.lose([disk, (disk + 1) % 3]),
      'three disks away': () => this.#disks.lose([0, 1, 2]),
      'zone away': () => this.#disks.loseZone(),
      'disks back': () => this.#disks.giveBack(),
      'disk copied': () => this.#disks.copy(disk),
      'old copy of a disk back': () => this.#disks.giveBackOldCopy(disk),
      'bit flipped': () => this.#disks.flipBit(disk, spot),
      'file cut': () => this.#disks.cutFile(disk, spot),
    };
    // A disk that is away comes back with the next fault but one in most cases, so that writes go on.
    const name = this.#disks.awayCount > 0 && random.below(2) === 0 ? 'disks back' : random.pick(Object.keys(faults));
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    await faults[name]?.();
  }

  async #restart(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#up = Promise.withResolvers<void>();
    if (signal === 'SIGKILL') await this.#daemon.kill9();
    else await this.#daemon.terminate();
    this.#http.reset();
    // With three disks away it may be impossible to say whether the last change counts, and a start waits for them.
    await this.#disks.giveBack();
    await this.#daemon.start();
    this.#up.resolve();
  }

  /** Gives all disks back, and waits until every shard was read, and rebuilt where it was bad. */
  async #heal(): Promise<void> {
    await this.#disks.giveBack();
    const startedMs = Date.now();
    const deadlineMs = performance.now() + healLimitMs;
    let found = '';
    while (performance.now() < deadlineMs) {
      if (!this.#isOver) await this.#operations(20);
      for (const job of ['scrub', 'compact']) await this.#http.send({ method: 'POST', path: `/-/jobs/${job}/run` });
      const jobs = await jobDetails(this.#http);
      const { passStartedMs = 0, pass } = jobs.get('scrub') ?? {};
      const { degradedSegments = 0 } = jobs.get('repair') ?? {};
      found = JSON.stringify([...jobs]);
      if (Number(passStartedMs) > startedMs && pass === 'done' && degradedSegments === 0) return;
    }
    throw new Error(`Not everything was mended within ${healLimitMs} ms: ${found}`);
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
