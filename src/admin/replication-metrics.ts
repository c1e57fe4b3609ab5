/** What of replication is told to who collects figures: for each rule and its destination, as CloudWatch tells it. Pure. */
import type { ReplicationSize } from '../engine/replication/types.ts';
import { type MetricDatum, sampleOf } from './metrics-data.ts';
import type { Family } from './metrics-text.ts';

const arnPrefix = 'arn:aws:s3:::';

export function replicationFamilies(sizes: readonly ReplicationSize[], nowMs: number): readonly Family[] {
  const waiting = sizes.filter(({ isFailed }) => !isFailed);
  const failed = sizes.filter(({ isFailed }) => isFailed);
  const each = (of: readonly ReplicationSize[], value: (size: ReplicationSize) => number) =>
    of.map((size) => ({ labels: labelsOf(size), value: value(size) }));
  return [
    {
      name: 'ninefold_s3_replication_pending_operations',
      type: 'gauge',
      help: 'Changes that wait to be replicated: OperationsPendingReplication.',
      samples: each(waiting, ({ entries }) => entries),
    },
    {
      name: 'ninefold_s3_replication_pending_bytes',
      type: 'gauge',
      help: 'Bytes of the versions among them: BytesPendingReplication.',
      samples: each(waiting, ({ bytes }) => bytes),
    },
    {
      name: 'ninefold_s3_replication_latency_seconds',
      type: 'gauge',
      help: 'How long the oldest change for the destination has waited: ReplicationLatency.',
      samples: each(waiting, ({ oldestMs }) => (nowMs - oldestMs) / 1000),
    },
    {
      name: 'ninefold_s3_replication_failed_operations',
      type: 'gauge',
      help: 'Changes that have failed and are kept: OperationsFailedReplication.',
      samples: each(failed, ({ entries }) => entries),
    },
  ];
}

function labelsOf({ destination, bucket = '', rule }: ReplicationSize) {
  return { bucket, destination, rule };
}

/** The same as CloudWatch has it. */
export function replicationData(sizes: readonly ReplicationSize[], nowMs: number): readonly MetricDatum[] {
  const Timestamp = new Date(nowMs).toISOString();
  return sizes.flatMap((size) => {
    const { bucket = '', destination, rule, isFailed, entries, bytes, oldestMs } = size;
    const Dimensions = [
      { Name: 'SourceBucket', Value: bucket },
      { Name: 'DestinationBucket', Value: destination.slice(arnPrefix.length) },
      { Name: 'RuleId', Value: rule },
    ];
    const one = (MetricName: string, Unit: MetricDatum['Unit'], value: number): MetricDatum => {
      return { MetricName, Dimensions, Timestamp, Unit, StatisticValues: sampleOf(value) };
    };
    if (isFailed) return [one('OperationsFailedReplication', 'Count', entries)];
    return [
      one('OperationsPendingReplication', 'Count', entries),
      one('BytesPendingReplication', 'Bytes', bytes),
      one('ReplicationLatency', 'Seconds', (nowMs - oldestMs) / 1000),
    ];
  });
}
