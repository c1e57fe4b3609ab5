/** What has not been replicated, in tables. Pure. */
import type { ReplicationDescription } from '../admin/replication-schema.ts';
import { formatBytes, formatSpan } from './quantities.ts';
import { table } from './tables.ts';

export function replicationText({ destinations, resyncs }: ReplicationDescription, nowMs: number): string {
  if (destinations.length + resyncs.length === 0) return 'Nothing waits to be replicated, and nothing has failed.';
  const rows = destinations.map(({ destination, waiting, waitingBytes, oldestMs, failed }) => [
    ...[destination, String(waiting), formatBytes(waitingBytes)],
    ...[oldestMs === undefined ? '' : formatSpan(nowMs - oldestMs), String(failed)],
  ]);
  const waiting = destinations.flatMap(({ destination, why }) => (why === undefined ? [] : [[destination, why]]));
  const failures = destinations.flatMap((one) => one.failures);
  return [
    ...(rows.length === 0
      ? []
      : [table([['destination', 'waiting', 'bytes', 'for', 'failed'], ...rows], { alignedRight: [1, 2, 4] })]),
    ...(waiting.length === 0 ? [] : [`Waiting\n${table(waiting)}`]),
    ...(failures.length === 0 ? [] : [`Failed\n${table(failures.map(failureRow))}`]),
    ...resyncs.map(({ bucket, queued, reached }) => {
      return `${bucket} is being gone through${reached === undefined ? '' : `, up to ${reached}`}: ${queued} versions queued.`;
    }),
  ].join('\n\n');
}

function failureRow({
  bucket,
  key,
  versionId,
  why,
}: ReplicationDescription['destinations'][number]['failures'][number]) {
  return [`${bucket}/${key}`, versionId, why];
}
