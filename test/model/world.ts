/**
 * A real server, the reference model of its buckets, and three of its disks that may be hurt. Steps go through `write` and
 * `read`, which say when the server may refuse: a write only while all three disks are away, a read never.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type JobDescription, jobSchema } from '../../src/admin/status-schema.ts';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { DataFolders, zoneNames } from '../support/data-folders.ts';
import { HurtDisks } from '../support/hurt-disks.ts';
import { archiveState, type ModelUpload, type ModelVersion, ReferenceModel } from '../support/reference-model.ts';
import { type S3Answer, S3Http } from '../support/s3-http.ts';
import { type ObjectName, S3Operations } from '../support/s3-operations.ts';
import type { Span } from '../support/span.ts';
import { bucketNames } from './steps.ts';

const jobsSchema = z.object({ jobs: z.array(jobSchema) });

/** The longest until the server has seen that disks have gone or come back: far more than it takes on a busy machine. */
export const noticeLimitMs = 60_000;
/** Days of these runs: longer than it takes to put rules, have them act and remove them, so that a day too early shows. */
export const dayMs = 200;
/** How long a restore takes at most, in days, as S3 has it. */
const restoreDays = {
  GLACIER: { Standard: 5 / 24, Bulk: 12 / 24 },
  DEEP_ARCHIVE: { Standard: 12 / 24, Bulk: 48 / 24 },
} as const;
/** So long from now a version is sure to be read, where a step picks one that can be. */
const readableForMs = 60_000;
/** The classes that lie on disks of their own, one in each zone. */
const slowClasses: readonly string[] = ['GLACIER_IR', 'GLACIER'];
const slowDisks = zoneNames.map((zone) => `${zone}/slow`);

/** JSON, which is YAML too. */
function zonesOf(data: string): string {
  const zones = zoneNames.map((name) => {
    const disks = ['disk-1', 'disk-2', 'disk-3'].map((disk) => join(data, name, disk));
    return { name, path: join(data, name), disks: [...disks, { path: join(data, name, 'slow'), group: 'slow' }] };
  });
  return JSON.stringify(zones);
}

/** Short periods, so that background work meets everything else. */
const configOf = (data: string) => `
zones: ${zonesOf(data)}
store:
  schemes: { EXPRESS_ONEZONE: 1+2, GLACIER_IR: 1+2, GLACIER: 1+2 }
  groups: { GLACIER_IR: slow, GLACIER: slow }
  garbageGraceMs: 50
  segmentBytesMax: 16777216
  logFileBytesMax: 1048576
  snapshotLogBytes: 1048576
jobs:
  scrubPeriodMs: 60000
  scrubBytesPerSecond: 1073741824
  repairBytesPerSecond: 1073741824
  repairDelayMs: 0
  compactDeadShareMin: 0.05
  compactBytesPerSecond: 1073741824
  lifecycleChangesPerSecond: 100000
  lifecycleBytesPerSecond: 1073741824
time:
  dayLength: ${dayMs}ms
`;

/** A version that can be read, with where it is. */
export interface Readable {
  readonly name: ObjectName;
  readonly version: ModelVersion;
  readonly content: Buffer;
}

export class World implements AsyncDisposable {
  readonly daemon: Daemon;
  readonly disks: HurtDisks;
  readonly s3: S3Operations;
  readonly models: ReadonlyMap<string, ReferenceModel> = new Map(
    bucketNames.map((name) => [name, new ReferenceModel()]),
  );
  /** Uploads that were completed, with what was listed. */
  readonly completed: { name: ObjectName & { uploadId: string }; parts: { number: number; etag: string }[] }[] = [];
  operations = 0;
  readonly #http: S3Http;

  private constructor(daemon: Daemon, seed: number) {
    this.daemon = daemon;
    this.disks = new HurtDisks(daemon.dataDirectory, seed, { sparesZone: true });
    this.#http = new S3Http({ port: daemon.port, key: rootKey });
    this.s3 = new S3Operations(this.#http);
  }

  static async open(seed: number): Promise<World> {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'ninefold-model-'));
    const config = configOf(dataDirectory);
    const daemon = await startDaemon({ dataDirectory, config, environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
    const world = new World(daemon, seed);
    for (const name of bucketNames) await world.s3.createBucket(name);
    // While nothing was ever stored, a server that starts without a disk makes a new one in its place.
    await world.s3.createBucket('kept');
    await world.s3.put({ bucket: 'kept', key: 'kept' }, Buffer.from('kept'));
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    await this.daemon.stop();
    await rm(this.daemon.dataDirectory, { recursive: true });
  }

  bucketName(index: number): string {
    return bucketNames[index] ?? bucketNames[0];
  }

  model(bucket: string): ReferenceModel {
    const model = this.models.get(bucket);
    if (model === undefined) throw new Error(`there is no bucket ${bucket}`);
    return model;
  }

  /** Every version and delete marker of every bucket. */
  versions(): { name: ObjectName & { versionId: string }; version: ModelVersion }[] {
    return [...this.models].flatMap(([bucket, model]) =>
      model.allVersions().map(({ key, version }) => ({
        name: { bucket, key, versionId: version.versionId },
        version,
      })),
    );
  }

  /** All versions that have bytes. */
  objects(): Readable[] {
    return this.versions().flatMap(({ name, version }) => {
      const { content } = version;
      return content === undefined ? [] : [{ name, version, content }];
    });
  }

  /** Those that can be read for some time to come. */
  readables(): Readable[] {
    return this.objects().filter(({ version }) => this.isReadable(version));
  }

  isReadable(version: ModelVersion): boolean {
    const fromMs = Date.now();
    return archiveState(version, { fromMs, toMs: fromMs + readableForMs }) === 'readable';
  }

  /** Those of the archives, restored or not. */
  archived(): Readable[] {
    return this.objects().filter(({ version }) => Object.hasOwn(restoreDays, version.storageClass));
  }

  restoreDelayMs(storageClass: string, tier: 'Standard' | 'Bulk'): number {
    const days = storageClass === 'GLACIER' ? restoreDays.GLACIER : restoreDays.DEEP_ARCHIVE;
    return Math.round(days[tier] * dayMs);
  }

  /** The end of the day in which so many have passed. */
  endOfDays(sinceMs: number, days: number): number {
    return (Math.floor(sinceMs / dayMs) + days + 1) * dayMs;
  }

  /** Whether a version's bytes lie on the group of disks that has classes of its own. */
  isSlow({ storageClass }: ModelVersion): boolean {
    return slowClasses.includes(storageClass);
  }

  /** Takes all disks of that group away while something is done. */
  async withoutSlowDisks(work: () => Promise<void>): Promise<void> {
    const folders = new DataFolders(this.daemon.dataDirectory);
    await folders.lose(slowDisks);
    try {
      await work();
    } finally {
      await folders.giveBack();
    }
  }

  uploads(): { name: ObjectName & { uploadId: string }; upload: ModelUpload }[] {
    return [...this.models].flatMap(([bucket, { uploads }]) =>
      Array.from(uploads, ([uploadId, upload]) => ({ name: { bucket, key: upload.key, uploadId }, upload })),
    );
  }

  /**
   * Sends a request that changes something. Undefined if it was refused, and rightly so: nothing has changed then. With
   * enough disks there, a refusal is right only until the server has noticed that they are.
   */
  async write(send: () => Promise<S3Answer>): Promise<S3Answer | undefined> {
    const deadlineMs = performance.now() + noticeLimitMs;
    for (;;) {
      const answer = await send();
      // A completion that takes its time has begun to answer 200 when it fails.
      if (answer.status !== 503 && answer.code !== 'ServiceUnavailable') return answer;
      if (this.disks.awayCount === 3) return undefined;
      if (performance.now() > deadlineMs) throw new Error(`Writes are still refused:\n${this.daemon.output}`);
    }
  }

  /** The same of what is made at a time that counts. */
  async timed(send: () => Promise<S3Answer>): Promise<{ answer: S3Answer | undefined; made: Span }> {
    let fromMs = 0;
    const answer = await this.write(() => {
      fromMs = Date.now();
      return send();
    });
    return { answer, made: { fromMs, toMs: Date.now() } };
  }

  /** Makes the next step of a job due at once. */
  async runJob(name: string): Promise<void> {
    const { status } = await this.#http.send({ method: 'POST', path: `/-/jobs/${name}/run` });
    if (status !== 200) throw new Error(`The job ${name} cannot be run: ${status}`);
  }

  /** Has a job run again and again, each time to its end, until what it then says of itself is what is waited for. */
  async runUntil(
    name: string,
    isEnough: (details: JobDescription['details']) => boolean,
  ): Promise<JobDescription['details']> {
    const deadlineMs = performance.now() + noticeLimitMs;
    for (let asked = await this.#askFor(name); ; ) {
      const { body } = await this.#http.send({ method: 'GET', path: '/-/jobs' });
      const { jobs } = jobsSchema.parse(JSON.parse(body.toString()));
      const job = jobs.find((one) => one.name === name);
      if (job !== undefined && job.runsDone >= asked) {
        if (isEnough(job.details)) return job.details;
        asked = await this.#askFor(name);
      } else if (job !== undefined && job.failures > 0) {
        asked = await this.#askFor(name);
      }
      if (performance.now() > deadlineMs) throw new Error(`${name} does not come to its end:\n${this.daemon.output}`);
    }
  }

  /** How many runs have been asked for with this one. */
  async #askFor(name: string): Promise<number> {
    const { body } = await this.#http.send({ method: 'POST', path: `/-/jobs/${name}/run` });
    return jobSchema.parse(JSON.parse(body.toString())).runsAsked;
  }

  /** Starts the server again after it was stopped or killed. */
  async start(): Promise<void> {
    this.#http.reset();
    try {
      await this.daemon.start();
    } catch (error) {
      // Whether the last change counts may hang on disks that are away; then a start waits for them.
      if (this.disks.awayCount < 3 || !this.daemon.output.includes('may have more')) throw error;
      await this.disks.giveBack();
      await this.daemon.start();
    }
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (signal === 'SIGKILL') return this.daemon.kill9();
    const code = await this.daemon.terminate();
    if (code !== 0) throw new Error(`The server ended with ${code}:\n${this.daemon.output}`);
  }
}

/** The item that a number picks; undefined if there is none. */
export function pickFrom<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % items.length];
}
