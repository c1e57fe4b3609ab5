/** Two servers that replicate to each other under load, while either is killed again and again. */
import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { type Daemon, rootKey, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { makeRole, putRules, ruleTo } from '../support/replicated-buckets.ts';
import { Bucket, converge, stir, type Told } from '../support/replicated-load.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const seed = 20_261_127;
const kills = 6;
const changesBetween = 120;
/** Clients write into the one they are given. */
const root = { accessKeyId: rootKey.accessKeyId, secretAccessKey: rootKey.secretAccessKey };

/** A server whose bucket is replicated to that of another one, which may not be there yet. */
async function startSide(port: number, other: { port: number }): Promise<Daemon> {
  const buckets = [{ arn: 'arn:aws:s3:::the-other', name: Bucket }];
  const destinations = [
    { endpoint: `http://127.0.0.1:${other.port}`, ...root, ninefold: true, timeoutMs: 5000, buckets },
  ];
  const daemon = await startDaemon({ port, config: JSON.stringify({ replication: { destinations } }) });
  await daemon.client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: true }));
  const VersioningConfiguration = { Status: 'Enabled' as const };
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  await makeRole(daemon);
  const both = { SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' as const } } };
  await putRules(daemon.client, Bucket, [ruleTo('the-other', both)]);
  return daemon;
}

test('changes on both sides, either killed at random → the same versions, bytes, metadata and tags on both, each COMPLETED here and REPLICA there', async () => {
  const random = new SeededRandom(seed);
  const ports = [await freePort(), await freePort()] as const;
  await using one = await startSide(ports[0], { port: ports[1] });
  await using other = await startSide(ports[1], { port: ports[0] });
  const sides = [one, other];
  await stir(sides, { random, kills, changesBetween, isGuarded: true });
  const compared = (all: readonly Told[]) => all.map(({ status: _differs, ...rest }) => rest);
  expect(await converge(sides, { seed, compared })).toBeGreaterThan(kills * 20);
});
