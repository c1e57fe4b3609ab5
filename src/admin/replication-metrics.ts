/** What of replication is told to who collects figures: for each destination what CloudWatch tells for each rule. Pure. */
import type { ReplicationSize } from '../engine/replication/types.ts';
import type { Family } from './metrics-text.ts';

export function replicationFamilies(sizes: readonly ReplicationSize[], nowMs: number): readonly Family[] {
  const waiting = sizes.filter(({ isFailed }) => !isFailed);
  const failed = sizes.filter(({ isFailed }) => isFailed);
  const each = (of: readonly ReplicationSize[], value: (size: ReplicationSize) => number) =>
    of.map((size) => ({ labels: { destination: size.destination }, value: value(size) }));
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
      help: 'How long the oldest of them has waited: ReplicationLatency.',
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
