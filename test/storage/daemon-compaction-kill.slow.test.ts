/** `kill -9` of a server that moves what is live out of half-dead segments while clients write: condition → result. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { jobSchema, type Status, statusSchema } from '../../src/admin/status-schema.ts';
import { killIn, seed } from '../support/crash-runs.ts';
import { CrashWorkload } from '../support/crash-workload.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { StoredObjects } from '../support/stored-objects.ts';

const MIB = 1024 * 1024;
const kills = 3;
/** So slow that a kill comes into the middle of it. */
const config = `
store: { segmentBytesMax: ${16 * MIB}, garbageGraceMs: 0 }
jobs: { compactBytesPerSecond: ${4 * MIB} }
`;

class Operator {
  readonly #send: ReturnType<typeof signedRequests>['send'];

  constructor(daemon: Daemon) {
    this.#send = signedRequests(() => daemon).send;
  }

  /** Has a job look at once whether there is something to do; what it is at. */
  async run(job: string): Promise<Readonly<Record<string, number | string>>> {
    const { body } = await this.#send({ method: 'POST', path: `/-/jobs/${job}/run`, body: '' });
    return jobSchema.parse(JSON.parse(body)).details;
  }

  async space(): Promise<Status['space']> {
    const { body } = await this.#send({ method: 'GET', path: '/-/status' });
    return statusSchema.parse(JSON.parse(body)).space;
  }
}

/** Objects that are left of twice as many, in segments that a restart has sealed. */
async function halfDeleted(daemon: Daemon): Promise<StoredObjects> {
  const random = new SeededRandom(seed);
  const objects = new StoredObjects(daemon.client, await daemon.newBucket());
  for (let i = 0; i < 24; i++) {
    for (const fate of ['kept', 'dead']) {
      await objects.put(`large ${i} ${fate}`, MIB + random.below(2 * MIB));
      await objects.put(`small ${i} ${fate}`, 1000 + random.below(90_000));
    }
  }
  for (const Key of [...objects.contents.keys()].filter((key) => key.endsWith('dead'))) {
    await daemon.client.send(new DeleteObjectCommand({ Bucket: objects.bucket, Key }));
    objects.contents.delete(Key);
  }
  await daemon.restart();
  return objects;
}

test('kill -9 three times while compaction moves and clients write → nothing acknowledged is lost, and the space comes back', async () => {
  await using daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'warn' } });
  const objects = await halfDeleted(daemon);
  const random = new SeededRandom(seed);
  const workload = new CrashWorkload(daemon.client, await daemon.newBucket(), seed);
  const operator = new Operator(daemon);
  const moved = async () => expect(Number((await operator.run('compact'))['movedBytes'])).toBeGreaterThan(0);
  for (let kill = 1; kill <= kills; kill++) {
    const writing = workload.runUntilBroken();
    await eventually(moved);
    await Promise.all([killIn(random.below(700), daemon), writing]);
    await daemon.start();
    await workload.expectRight();
    await objects.expectRight();
  }
  console.log(`NINEFOLD_TEST_SEED=${seed}: ${workload.acknowledged} operations acknowledged`);
  await eventually(
    async () => {
      for (const job of ['compact', 'collect-garbage']) await operator.run(job);
      const { storedBytes, storedLiveBytes } = await operator.space();
      expect(storedBytes / storedLiveBytes).toBeLessThanOrEqual(1.25);
    },
    { interval: 200 },
  );
  await workload.expectRight();
  await objects.expectRight();
});
