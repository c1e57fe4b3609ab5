/** Replication as the operator sees it and decides on it. */
import { z } from 'zod';
import type { Replication, ReplicationSize } from '../engine/replication/types.ts';
import type { ReplicationDescription } from './replication-schema.ts';
import { Refusal } from './requests.ts';
import { type Route, readBody, refuseBody } from './routes.ts';

const retrySchema = z.strictObject({ destination: z.string() });
const resyncSchema = z.strictObject({
  bucket: z.string(),
  destination: z.string().optional(),
  all: z.boolean().default(false),
});

/** Failures that are shown of each destination. */
const shownMax = 20;

type Sources = Pick<Replication, 'sizes' | 'failed' | 'retry' | 'resync' | 'resyncs'> & {
  /** Why nothing can be replicated to a destination now; undefined while that is not so. */
  whyAway(destination: string): string | undefined;
};

export function replicationRoutes(replication: Sources): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'replication',
      async run({ body }) {
        refuseBody(body);
        return describe(replication);
      },
    },
    {
      method: 'POST',
      path: 'replication/retry',
      async run({ body }) {
        const { destination } = readBody(body, retrySchema);
        const sizes = await replication.sizes();
        const failed = sizes.some((size) => size.isFailed && size.destination === destination);
        if (!failed) throw new Refusal('NoSuchTarget', `Nothing has failed for ${destination}`);
        return { changes: await replication.retry(destination) };
      },
    },
    {
      method: 'POST',
      path: 'replication/resync',
      async run({ body }) {
        const request = readBody(body, resyncSchema);
        if (await replication.resync(request)) return { bucket: request.bucket };
        throw new Refusal('NoSuchBucket', `There is no bucket ${request.bucket}, or it has no replication rules`);
      },
    },
  ];
}

async function describe(replication: Sources): Promise<ReplicationDescription> {
  const sizes = await replication.sizes();
  const destinations = [...new Set(sizes.map(({ destination }) => destination))].toSorted();
  const resyncs = await replication.resyncs();
  return {
    destinations: await Promise.all(destinations.map((destination) => describeOne(replication, sizes, destination))),
    resyncs: resyncs.map(({ bucket, destination, all, queued, from }) => ({
      ...{ bucket, all, queued },
      ...(destination !== undefined && { destination }),
      ...(from !== undefined && { reached: from.key }),
    })),
  };
}

async function describeOne(
  replication: Sources,
  sizes: readonly ReplicationSize[],
  destination: string,
): Promise<ReplicationDescription['destinations'][number]> {
  const { waiting, waitingBytes, oldestMs, failed } = sumOf(sizes, destination);
  const why = waiting === 0 ? undefined : replication.whyAway(destination);
  const shown = failed === 0 ? [] : await replication.failed({ destination, after: 0, limit: shownMax });
  return {
    destination,
    ...{ waiting, waitingBytes, failed },
    ...(oldestMs !== undefined && { oldestMs }),
    ...(why !== undefined && { why }),
    failures: shown.map(({ bucket = '', key, versionId, failure = '' }) => ({ bucket, key, versionId, why: failure })),
  };
}

/** How much there is for a destination by all rules. */
export function sumOf(sizes: readonly ReplicationSize[], destination: string) {
  const all = sizes.filter((size) => size.destination === destination);
  const waiting = all.filter(({ isFailed }) => !isFailed);
  const entriesOf = (some: readonly ReplicationSize[]) => some.reduce((total, { entries }) => total + entries, 0);
  return {
    waiting: entriesOf(waiting),
    waitingBytes: waiting.reduce((total, { bytes }) => total + bytes, 0),
    oldestMs: waiting[0]?.oldestMs,
    failed: entriesOf(all.filter(({ isFailed }) => isFailed)),
  };
}
