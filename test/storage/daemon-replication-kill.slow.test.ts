/** Three servers, each of which replicates to both others, under load, while one after another is killed. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { makeRole, putRules, ruleTo } from '../support/replicated-buckets.ts';
import { Bucket, converge, statusWatch, stir, type Told } from '../support/replicated-load.ts';
import { SeededRandom, testSeed } from '../support/seeded-random.ts';
import { signedRequests } from '../support/signed-requests.ts';

const seed = testSeed(20_261_127);
const kills = 6;
const changesBetween = 60;
const keyId = 'shared';
/** Clients write into the one they are given. */
const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };

/** A server whose bucket is replicated to those of others, which may not be there yet. What rules wrote is not written on by rules, so each has one for every other. */
async function startSide(port: number, others: readonly number[]): Promise<Daemon> {
  const destinations = others.map((other) => ({
    endpoint: `http://127.0.0.1:${other}`,
    ...root,
    ninefold: true,
    timeoutMs: 5000,
    buckets: [{ arn: `arn:aws:s3:::at-${other}`, name: Bucket }],
  }));
  const encryption = { kms: { keys: [{ id: keyId }] } };
  const daemon = await startDaemon({ port, config: JSON.stringify({ encryption, replication: { destinations } }) });
  // Object lock brings versioning.
  await daemon.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const Statement = [{ Effect: 'Allow', Action: ['s3:*', 'kms:*'], Resource: '*' }];
  await makeRole(daemon, 'replication', { Version: '2012-10-17', Statement });
  const on = { Status: 'Enabled' as const };
  const everything = { SourceSelectionCriteria: { ReplicaModifications: on, SseKmsEncryptedObjects: on } };
  const EncryptionConfiguration = { ReplicaKmsKeyID: `arn:aws:kms:us-east-1:000000000000:key/${keyId}` };
  const rules = others.map((other, i) => {
    const Destination = { Bucket: `arn:aws:s3:::at-${other}`, EncryptionConfiguration };
    return ruleTo(`at-${other}`, { ...everything, Destination, Priority: i + 1 });
  });
  await putRules(daemon.client, Bucket, rules);
  return daemon;
}

/** How many changes a server has replicated since it was started, once none waits and none has failed. */
async function settled(daemon: Daemon): Promise<unknown> {
  const { send } = signedRequests(() => daemon);
  const ask = async (path: string) => JSON.parse((await send({ method: 'GET', path })).body);
  await eventually(async () => expect((await ask('/-/replication')).destinations).toEqual([]), { timeout: 120_000 });
  const { jobs }: { jobs: { name: string; details: Record<string, unknown> }[] } = await ask('/-/jobs');
  return jobs.find(({ name }) => name === 'replication')?.details['replicated'];
}

test('changes on three sides, each killed at random → the same versions, bytes, metadata, tags, locks and encryption on all, each COMPLETED here and REPLICA there, and nothing goes round', async () => {
  const random = new SeededRandom(seed);
  const ports = await Promise.all(Array.from({ length: 3 }, () => freePort()));
  await using stack = new AsyncDisposableStack();
  const sides: Daemon[] = [];
  for (const port of ports) {
    const others = ports.filter((one) => one !== port);
    sides.push(stack.use(await startSide(port, others)));
  }
  await stir(sides, { random, kills, changesBetween, isGuarded: true, keyId, look: statusWatch(sides) });
  const replicated = await Promise.all(sides.map(settled));
  // An ETag of what is under a key of KMS says nothing of the bytes, and is another on each side.
  const compared = (all: readonly Told[]) =>
    all.map(({ status: _differs, ETag, ...rest }) =>
      rest.ServerSideEncryption?.startsWith('aws:kms') ? rest : { ...rest, ETag },
    );
  expect(await converge(sides, { seed, compared })).toBeGreaterThan(kills * 20);
  expect(await Promise.all(sides.map(settled))).toEqual(replicated);
});
