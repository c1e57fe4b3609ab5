/** Figures in the text that Prometheus reads. Pure. https://prometheus.io/docs/instrumenting/exposition_formats/ */
import { latencyLimitsMs, requestTypes } from '../engine/metrics/request-figures.ts';
import type { FilterFigures } from '../engine/metrics/request-metrics.ts';
import type { StorageFigures } from './storage-metrics.ts';

export const metricsTextType = 'text/plain; version=0.0.4; charset=utf-8';

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  /** Behind the name of the family. */
  readonly suffix?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Families without a sample are left out. */
export function metricsText(
  requests: readonly FilterFigures[],
  storage: readonly StorageFigures[],
  more: readonly Family[] = [],
): string {
  return [...requestFamilies(requests), ...storageFamilies(storage), ...more]
    .filter(({ samples }) => samples.length > 0)
    .map(familyText)
    .join('');
}

function requestFamilies(requests: readonly FilterFigures[]): readonly Family[] {
  const each = (read: (figures: FilterFigures) => readonly (Omit<Sample, 'labels'> & Partial<Sample>)[]): Sample[] =>
    requests.flatMap((figures) =>
      read(figures).map((sample) => ({
        ...sample,
        labels: { bucket: figures.bucket, filter: figures.filter, ...sample.labels },
      })),
    );
  return [
    {
      name: 'ninefold_s3_requests_total',
      type: 'counter',
      help: 'Requests that a metrics configuration counts, by type; all types together are AllRequests.',
      samples: each(({ series }) =>
        requestTypes.flatMap((type) => {
          const value = series.total.requests.get(type);
          return value === undefined ? [] : [{ labels: { type: type.toLowerCase() }, value }];
        }),
      ),
    },
    {
      name: 'ninefold_s3_errors_total',
      type: 'counter',
      help: 'Requests that were answered with a status of this class.',
      samples: each(({ series: { total } }) => [
        { labels: { class: '4xx' }, value: total.errors4xx },
        { labels: { class: '5xx' }, value: total.errors5xx },
      ]),
    },
    {
      name: 'ninefold_s3_downloaded_bytes_total',
      type: 'counter',
      help: 'Bytes of the bodies of answers.',
      samples: each(({ series }) => [{ value: series.total.statistics.get('BytesDownloaded')?.sum ?? 0 }]),
    },
    {
      name: 'ninefold_s3_uploaded_bytes_total',
      type: 'counter',
      help: 'Bytes of the bodies of requests.',
      samples: each(({ series }) => [{ value: series.total.statistics.get('BytesUploaded')?.sum ?? 0 }]),
    },
    {
      name: 'ninefold_s3_first_byte_latency_seconds',
      type: 'histogram',
      help: 'Time from the last byte of a request to the first of its answer.',
      samples: each(({ series }) => histogram(series.firstByte, series.total.statistics.get('FirstByteLatency'))),
    },
    {
      name: 'ninefold_s3_total_request_latency_seconds',
      type: 'histogram',
      help: 'Time from the first byte of a request to the last of its answer.',
      samples: each(({ series }) => histogram(series.whole, series.total.statistics.get('TotalRequestLatency'))),
    },
  ];
}

function storageFamilies(storage: readonly StorageFigures[]): readonly Family[] {
  return [
    {
      name: 'ninefold_s3_bucket_size_bytes',
      type: 'gauge',
      help: 'Bytes of all versions and parts, as they were counted last: BucketSizeBytes.',
      samples: storage.flatMap(({ bucket, bytes }) =>
        [...bytes].map(([storage_type, value]) => ({ labels: { bucket, storage_type }, value })),
      ),
    },
    {
      name: 'ninefold_s3_bucket_objects',
      type: 'gauge',
      help: 'All versions, delete markers and parts, as they were counted last: NumberOfObjects.',
      samples: storage.map(({ bucket, objects }) => ({ labels: { bucket }, value: objects })),
    },
    {
      name: 'ninefold_s3_bucket_counted_timestamp_seconds',
      type: 'gauge',
      help: 'When that was counted.',
      samples: storage.map(({ bucket, countedMs }) => ({ labels: { bucket }, value: countedMs / 1000 })),
    },
  ];
}

/** Prometheus wants in each part those of the parts before too. */
function histogram(
  parts: readonly number[],
  { count, sum }: { readonly count: number; readonly sum: number } = { count: 0, sum: 0 },
): readonly (Omit<Sample, 'labels'> & Partial<Sample>)[] {
  let below = 0;
  const buckets = latencyLimitsMs.map((limitMs, at) => {
    below += parts[at] ?? 0;
    return { suffix: '_bucket', labels: { le: String(limitMs / 1000) }, value: below };
  });
  return [
    ...buckets,
    { suffix: '_bucket', labels: { le: '+Inf' }, value: count },
    { suffix: '_sum', value: sum / 1000 },
    { suffix: '_count', value: count },
  ];
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ suffix = '', labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${suffix}{${pairs.join(',')}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
