/**
 * Of which buckets requests are counted, and how. Requests ask for it one by one, so it is in memory whole: read once at the
 * start, and of a bucket anew after each change of its configurations and when it goes.
 */
import type { Bucket } from '../meta/records.ts';
import { type AnalyticsConfiguration, analyticsConfigurations } from './analytics/configurations.ts';
import type { EngineContext } from './context.ts';
import { type MetricsConfiguration, metricsConfigurations } from './metrics/configurations.ts';
import { refusing } from './refusals.ts';

/** What is counted of the requests to a bucket. */
export interface Watch {
  readonly bucket: Bucket;
  readonly metrics: readonly MetricsConfiguration[];
  readonly analytics: readonly AnalyticsConfiguration[];
  /** Whether tags of objects decide what counts them. */
  readonly asksForTags: boolean;
}

export interface Watches {
  /** Whether no bucket at all has one. */
  readonly isEmpty: boolean;
  of(bucketId: number): Watch | undefined;
  /** In no order. */
  all(): Iterable<Watch>;
  /** Reads those of all buckets: to be done before the first request. */
  load(): Promise<void>;
  /** To be called after each change of a bucket's configurations, and when it is gone. */
  reload(bucket: Bucket): Promise<void>;
}

const kinds = [metricsConfigurations.kind, analyticsConfigurations.kind] as const;

export function createWatches({ index }: Pick<EngineContext, 'index'>): Watches {
  const watches = new Map<number, Watch>();
  const reload = async (bucket: Bucket): Promise<void> => {
    const getConfig = (_: Bucket, kind: string) => index.getBucketConfig(bucket.id, kind);
    const metrics = await metricsConfigurations.read({ getConfig }, bucket);
    const analytics = await analyticsConfigurations.read({ getConfig }, bucket);
    const asksForTags = [...metrics, ...analytics].some(({ filter }) => filter.tags.length > 0);
    if (metrics.length + analytics.length === 0) watches.delete(bucket.id);
    else watches.set(bucket.id, { bucket, metrics, analytics, asksForTags });
  };
  return {
    get isEmpty() {
      return watches.size === 0;
    },
    of: (bucketId) => watches.get(bucketId),
    all: () => watches.values(),
    async load() {
      for (const kind of kinds) {
        let after = '';
        for (;;) {
          const name = await index.nextBucketWithConfig({ after, kind });
          if (name === undefined) break;
          const bucket = await index.getBucket(name);
          if (bucket !== undefined) await reload(bucket);
          after = name;
        }
      }
    },
    reload: (bucket) => refusing({ bucket: bucket.name }, () => reload(bucket)),
  };
}
