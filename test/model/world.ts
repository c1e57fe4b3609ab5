/**
 * A real server, the reference model of its buckets, and three of its disks that may be hurt. Steps go through `write` and
 * `read`, which say when the server may refuse: a write only while all three disks are away, a read never.
 */
import { z } from 'zod';
import { type JobDescription, jobSchema } from '../../src/admin/status-schema.ts';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { HurtDisks } from '../support/hurt-disks.ts';
import { type ModelUpload, type ModelVersion, ReferenceModel } from '../support/reference-model.ts';
import { type S3Answer, S3Http } from '../support/s3-http.ts';
import { type ObjectName, S3Operations } from '../support/s3-operations.ts';
import { bucketNames } from './steps.ts';

const jobsSchema = z.object({ jobs: z.array(jobSchema) });

/** The longest until the server has seen that disks have gone or come back. */
const noticeLimitMs = 30_000;
/** Short periods, so that background work meets everything else. */
const config = `
store:
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
time:
  dayLength: 20ms
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
    this.disks = new HurtDisks(daemon.dataDirectory, seed);
    this.#http = new S3Http({ port: daemon.port, key: rootKey });
    this.s3 = new S3Operations(this.#http);
  }

  static async open(seed: number): Promise<World> {
    const daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
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

  readables(): Readable[] {
    return this.versions().flatMap(({ name, version }) => {
      const { content } = version;
      return content === undefined ? [] : [{ name, version, content }];
    });
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
      if (answer.status !== 503) return answer;
      if (this.disks.awayCount === 3) return undefined;
      if (performance.now() > deadlineMs) throw new Error(`Writes are still refused:\n${this.daemon.output}`);
    }
  }

  /** Makes the next step of a job due at once. */
  async runJob(name: string): Promise<void> {
    const { status } = await this.#http.send({ method: 'POST', path: `/-/jobs/${name}/run` });
    if (status !== 200) throw new Error(`The job ${name} cannot be run: ${status}`);
  }

  /** Has a job run again and again, each time to its end, until what it then says of itself is what is waited for. */
  async runUntil(name: string, isEnough: (details: JobDescription['details']) => boolean): Promise<void> {
    const deadlineMs = performance.now() + noticeLimitMs;
    for (let asked = await this.#askFor(name); ; ) {
      const { body } = await this.#http.send({ method: 'GET', path: '/-/jobs' });
      const { jobs } = jobsSchema.parse(JSON.parse(body.toString()));
      const job = jobs.find((one) => one.name === name);
      if (job !== undefined && job.runsDone >= asked) {
        if (isEnough(job.details)) return;
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
