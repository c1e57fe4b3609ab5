/** How much is stored, in tables. Pure. */
import type { BucketUsageDescription } from '../admin/usage-schema.ts';
import { addTotals, noTotals, sizeLimits, type Totals } from '../engine/usage/totals.ts';
import { formatBytes, formatSpan } from './quantities.ts';
import { table } from './tables.ts';

const alignedRight = [1, 2, 3, 4, 5, 6, 7];
const head = ['objects', 'bytes', 'noncurrent', 'bytes', 'markers', 'uploads', 'bytes'];

/** A line for each bucket, and their sum. */
export function bucketsText(buckets: readonly BucketUsageDescription[], nowMs: number): string {
  if (buckets.length === 0) return 'Nothing has been counted yet: `ninefold run usage` counts all buckets.';
  const sum = noTotals();
  for (const { totals } of buckets) addTotals(sum, totals);
  const oldestMs = Math.min(...buckets.map(({ countedMs }) => countedMs));
  const rows = buckets.map(({ bucket, totals }) => [bucket, ...cells(totals)]);
  return [
    `Counted ${formatSpan(nowMs - oldestMs)} ago; \`ninefold run usage\` counts again.`,
    table([['bucket', ...head], ...rows, ['all', ...cells(sum)]], { alignedRight }),
    `Storage classes\n${classesTable(sum)}`,
  ].join('\n\n');
}

/** One bucket: its sum, the prefixes that have a share worth telling, classes and sizes. */
export function bucketText({ bucket, prefix, totals, prefixes }: BucketUsageDescription): string {
  const rows = prefixes.map((one) => [one.prefix, ...cells(one.totals)]);
  return [
    table([['prefix', ...head], ...rows, [prefix === '' ? bucket : `${bucket}/${prefix}`, ...cells(totals)]], {
      alignedRight,
    }),
    `Storage classes\n${classesTable(totals)}`,
    `Sizes\n${sizesTable(totals)}`,
  ].join('\n\n');
}

function cells({ current, noncurrent, deleteMarkers, uploads }: Totals): readonly string[] {
  return [
    String(current.versions),
    formatBytes(current.bytes),
    String(noncurrent.versions),
    formatBytes(noncurrent.bytes),
    String(deleteMarkers),
    String(uploads.uploads),
    formatBytes(uploads.bytes),
  ];
}

function classesTable({ classes, uploadClasses }: Totals): string {
  const names = [...new Set([...Object.keys(classes), ...Object.keys(uploadClasses)])].toSorted();
  if (names.length === 0) return '  nothing is stored';
  const rows = names.map((name) => {
    const { versions, bytes } = classes[name] ?? { versions: 0, bytes: 0 };
    return [name, String(versions), formatBytes(bytes), formatBytes(uploadClasses[name]?.bytes ?? 0)];
  });
  return table([['class', 'versions', 'bytes', 'of uploads'], ...rows], { alignedRight: [1, 2, 3] });
}

function sizesTable({ sizes }: Totals): string {
  const rows = sizes.map(({ versions, bytes }, at) => {
    const limit = sizeLimits[at];
    const name = limit === undefined ? `above ${formatBytes(sizeLimits.at(-1) ?? 0)}` : `up to ${formatBytes(limit)}`;
    return [name, String(versions), formatBytes(bytes)];
  });
  return table([['size', 'versions', 'bytes'], ...rows], { alignedRight: [1, 2] });
}
