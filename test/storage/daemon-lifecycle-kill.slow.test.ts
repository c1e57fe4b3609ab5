/** `kill -9` of a server that acts on lifecycle rules while a client writes: condition → result. */
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { jobSchema } from '../../src/admin/status-schema.ts';
import { killIn, seed } from '../support/crash-runs.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { signedRequests } from '../support/signed-requests.ts';

const kills = 4;
const keysOfAKind = 400;
const versionsOfAKey = 60;
const dayMs = 4000;
/** So slow that a kill comes into the middle of a pass. */
const config = `
time: { dayLength: ${dayMs}ms }
jobs: { lifecycleChangesPerSecond: 150 }
`;

const rule = (ID: string, rest: Partial<LifecycleRule>): LifecycleRule => ({
  ID,
  Status: 'Enabled',
  Filter: { Prefix: `${ID}/` },
  ...rest,
});
const rules = [
  rule('gone', { Expiration: { Days: 1 } }),
  rule('live', { Expiration: { Days: 1 }, NoncurrentVersionExpiration: { NoncurrentDays: 1 } }),
  rule('many', { NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 5 } }),
  rule('marked', { Expiration: { ExpiredObjectDeleteMarker: true } }),
  rule('uploads', { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
];

/** What is there of each kind, and what the rules leave of it. */
async function fill({ client }: Daemon, Bucket: string): Promise<void> {
  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  const keys = Array.from({ length: keysOfAKind }, (_, i) => i);
  for (const i of keys) await Promise.all([put(`gone/${i}`), put(`stays/${i}`)]);
  for (let i = 0; i < versionsOfAKey; i++) await put('many/versions');
  await Promise.all(
    keys
      .slice(0, 50)
      .flatMap((i) => [
        client.send(new DeleteObjectCommand({ Bucket, Key: `marked/${i}` })),
        client.send(new CreateMultipartUploadCommand({ Bucket, Key: `uploads/${i}` })),
      ]),
  );
  await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'others/upload' }));
}

/** How many versions and markers there are, by the first part of their keys. */
async function census(
  { client }: Daemon,
  Bucket: string,
): Promise<Record<string, { versions: number; markers: number }>> {
  const counts: Record<string, { versions: number; markers: number }> = {};
  let [KeyMarker, VersionIdMarker]: (string | undefined)[] = [];
  do {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }),
    );
    for (const [figure, entries] of [
      ['versions', page.Versions ?? []],
      ['markers', page.DeleteMarkers ?? []],
    ] as const) {
      for (const { Key = '' } of entries) {
        const kind = Key.split('/')[0] ?? '';
        counts[kind] ??= { versions: 0, markers: 0 };
        counts[kind][figure] += 1;
      }
    }
    [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
  } while (KeyMarker !== undefined);
  return counts;
}

/** Overwrites a few keys again and again, each long before its rule is due; an answer lost to a kill ends it. */
async function keepAlive({ client }: Daemon, Bucket: string, overwrote: () => void): Promise<void> {
  for (let writes = 0; ; writes++) {
    const Key = `live/${writes % 3}`;
    const fromMs = Date.now();
    try {
      const { VersionId } = await client.send(new PutObjectCommand({ Bucket, Key, Body: String(writes) }));
      const read = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(read.VersionId).toBe(VersionId);
      expect(await read.Body?.transformToString()).toBe(String(writes));
      overwrote();
    } catch (error) {
      const isLost =
        error instanceof Error && /ECONN|socket|closed|hang up|aborted/i.test(`${error.name} ${error.message}`);
      if (isLost) return;
      // Where a day passes between the two, it is due.
      if (Date.now() - fromMs < dayMs) throw error;
    }
  }
}

test(`kill -9 ${kills} times in the middle of passes → each rule has acted once, on nothing else`, async () => {
  await using daemon = await startDaemon({ config, environment: { NINEFOLD_LOG_LEVEL: 'error' } });
  const random = new SeededRandom(seed);
  const Bucket = await daemon.newBucket();
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await daemon.client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  await fill(daemon, Bucket);
  const LifecycleConfiguration = { Rules: rules };
  await daemon.client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  const { send } = signedRequests(() => daemon);
  /** In the middle of a pass that has removed something. */
  const isAtWork = async () => {
    const { body } = await send({ method: 'POST', path: '/-/jobs/lifecycle/run', body: '' });
    const { pass, expired, noncurrentRemoved, markersRemoved } = jobSchema.parse(JSON.parse(body)).details;
    expect({ pass, changes: Number(expired) + Number(noncurrentRemoved) + Number(markersRemoved) }).toMatchObject({
      pass: 'under way',
      changes: expect.toSatisfy((changes: number) => changes > 0),
    });
  };
  let overwritten = 0;
  for (let kill = 1; kill <= kills; kill++) {
    const before = overwritten;
    const living = keepAlive(daemon, Bucket, () => overwritten++);
    await eventually(() => expect(overwritten).toBeGreaterThan(before));
    await eventually(isAtWork, { interval: 5 });
    await killIn(random.below(900), daemon);
    await living;
    await daemon.start();
  }
  await eventually(
    async () => {
      const { gone, stays, many, marked } = await census(daemon, Bucket);
      expect({ gone, stays, many, marked }).toEqual({
        gone: { versions: keysOfAKind, markers: keysOfAKind },
        stays: { versions: keysOfAKind, markers: 0 },
        many: { versions: 6, markers: 0 },
        marked: undefined,
      });
      const { Uploads } = await daemon.client.send(new ListMultipartUploadsCommand({ Bucket }));
      expect(Uploads?.map(({ Key }) => Key)).toEqual(['others/upload']);
    },
    { interval: 200 },
  );
});
