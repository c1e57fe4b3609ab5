/**
 * How much is in each bucket, as it was counted last. The counts are in memory alone: a server that starts counts anew, in
 * the background, which costs less than keeping prefixes of all buckets right with every write.
 */

import { Breather } from '../../lib/breather.ts';
import type { Bucket } from '../../meta/records.ts';
import type { EngineContext } from '../context.ts';
import type { BucketWalk } from '../lifecycle/types.ts';
import { refusing } from '../refusals.ts';
import { UsageCount } from './count.ts';
import type { PrefixTotals } from './prefixes.ts';
import type { Totals } from './totals.ts';

/** What was found in a bucket, or below a prefix of it. */
export interface BucketUsage {
  readonly bucket: string;
  /** What all that was counted begins with. */
  readonly prefix: string;
  /** When the count was done. */
  readonly countedMs: number;
  readonly totals: Totals;
  readonly prefixes: readonly PrefixTotals[];
}

/** What a pass over buckets has looked at. */
export interface UsageFigures {
  buckets: number;
  /** Versions, delete markers and uploads. */
  lookedAt: number;
}

export interface Usage {
  /** The first bucket behind a name. */
  nextBucket(after: string): Promise<string | undefined>;
  /** Counts a bucket, and keeps the result. */
  walk(bucketName: string): BucketWalk<UsageFigures>;
  /** The last count of each bucket that is there, in order of name. */
  read(): Promise<readonly BucketUsage[]>;
  /** Counts what is in a bucket below a prefix now. Undefined if there is no such bucket. */
  count(asked: { readonly bucket: string; readonly prefix: string }): Promise<BucketUsage | undefined>;
}

const looksAtOnce = 500;
const bucketsAtOnce = 1000;

export function createUsage({ index, clock }: EngineContext, { dayLengthMs }: { dayLengthMs: number }): Usage {
  const counted = new Map<number, BucketUsage>();
  const begin = ({ id: bucketId }: Bucket, prefix: string): UsageCount =>
    new UsageCount(index, { bucketId, prefix, nowMs: clock.nowMs(), dayLengthMs });
  const usageOf = ({ name: bucket }: Bucket, prefix: string, count: UsageCount): BucketUsage => {
    return { bucket, prefix, countedMs: clock.nowMs(), ...count.result() };
  };
  return {
    nextBucket: (after) =>
      refusing({}, async () => (await index.listBuckets({ prefix: '', after, limit: 1 })).buckets[0]?.name),
    walk(name) {
      let count: UsageCount | undefined;
      return {
        // It begins anew after a restart.
        place: {},
        async step({ limit }, figures) {
          const bucket = await index.getBucket(name);
          if (bucket === undefined) return true;
          count ??= begin(bucket, '');
          const before = count.looks;
          const isDone = await count.step(limit);
          figures.lookedAt += count.looks - before;
          if (!isDone) return false;
          figures.buckets++;
          counted.set(bucket.id, usageOf(bucket, '', count));
          return true;
        },
      };
    },
    async read() {
      const found: BucketUsage[] = [];
      const known = new Set<number>();
      for (let after = '', isTruncated = true; isTruncated; ) {
        const page = await index.listBuckets({ prefix: '', after, limit: bucketsAtOnce });
        for (const { id } of page.buckets) {
          known.add(id);
          const usage = counted.get(id);
          if (usage !== undefined) found.push(usage);
        }
        after = page.buckets.at(-1)?.name ?? '';
        isTruncated = page.isTruncated;
      }
      for (const id of counted.keys()) if (!known.has(id)) counted.delete(id);
      return found;
    },
    count: ({ bucket: name, prefix }) =>
      refusing({ bucket: name }, async () => {
        const bucket = await index.getBucket(name);
        if (bucket === undefined) return undefined;
        const count = begin(bucket, prefix);
        const breather = new Breather();
        while (!(await count.step(looksAtOnce))) await breather.breathe();
        return usageOf(bucket, prefix, count);
      }),
  };
}
