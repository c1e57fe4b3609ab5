/** What a job needs to have storage classes analysed. */
import type { Bucket } from '../../meta/records.ts';
import type { DeliveryCheck } from '../inventory/types.ts';
import type { BucketWalk } from '../lifecycle/types.ts';
import type { Accesses } from './accesses.ts';

/** What a pass over buckets has done. */
export interface AnalyticsFigures {
  /** Versions. */
  lookedAt: number;
  /** Configurations. */
  analysed: number;
  filesWritten: number;
  filesRefused: number;
}

export interface AnalyticsWalkOptions {
  readonly check: DeliveryCheck;
  /** Told of a file that may not be written. */
  readonly refused: (refusal: { bucket: string; id: string; reason: string }) => void;
}

export interface Analytics {
  readonly accesses: Accesses;
  /** The first bucket behind a name that has configurations. */
  nextBucket(after: string): Promise<string | undefined>;
  /** Sums up a day of a bucket. */
  walk(bucketName: string, options: AnalyticsWalkOptions): BucketWalk<AnalyticsFigures>;
  /** Forgets the days of a configuration that is gone. */
  forget(bucket: Bucket, id: string): Promise<void>;
}
