/**
 * Figures as CloudWatch has them: names, dimensions and units, and the form in which its PutMetricData takes them. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
 */
import { measures, type RequestFigures } from '../engine/metrics/request-figures.ts';
import type { FilterFigures } from '../engine/metrics/request-metrics.ts';
import type { StorageFigures } from './storage-metrics.ts';

export interface MetricDatum {
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  /** When the minute began, or the count was done. */
  readonly Timestamp: string;
  readonly Unit: 'Count' | 'Bytes' | 'Milliseconds' | 'Seconds';
  readonly StatisticValues: {
    readonly SampleCount: number;
    readonly Sum: number;
    readonly Minimum: number;
    readonly Maximum: number;
  };
}

/** Of each minute of the last quarter of an hour in which requests were counted. */
export function requestData(requests: readonly FilterFigures[], nowMs: number): readonly MetricDatum[] {
  return requests.flatMap(({ bucket, filter, series }) => {
    const Dimensions = dimensions({ BucketName: bucket, FilterId: filter });
    return series.minutes(nowMs).flatMap(([startedMs, figures]) => {
      const Timestamp = new Date(startedMs).toISOString();
      return dataOf(figures).map((datum) => ({ ...datum, Dimensions, Timestamp }));
    });
  });
}

/** What was looked at once. */
export function sampleOf(value: number): MetricDatum['StatisticValues'] {
  return { SampleCount: 1, Sum: value, Minimum: value, Maximum: value };
}

/** Of each bucket, as it was counted last. */
export function storageData(storage: readonly StorageFigures[]): readonly MetricDatum[] {
  return storage.flatMap(({ bucket: BucketName, countedMs, bytes, objects }) => {
    const Timestamp = new Date(countedMs).toISOString();
    const sizes = [...bytes].map(([StorageType, value]) => {
      const Dimensions = dimensions({ BucketName, StorageType });
      return {
        MetricName: 'BucketSizeBytes',
        Dimensions,
        Timestamp,
        Unit: 'Bytes',
        StatisticValues: sampleOf(value),
      } as const;
    });
    const Dimensions = dimensions({ BucketName, StorageType: 'AllStorageTypes' });
    const StatisticValues = sampleOf(objects);
    return [
      ...sizes,
      { MetricName: 'NumberOfObjects', Dimensions, Timestamp, Unit: 'Count', StatisticValues } as const,
    ];
  });
}

function dimensions(named: Readonly<Record<string, string>>): MetricDatum['Dimensions'] {
  return Object.entries(named).map(([Name, Value]) => ({ Name, Value }));
}

function dataOf(figures: RequestFigures): readonly Omit<MetricDatum, 'Dimensions' | 'Timestamp'>[] {
  const { allRequests, errors4xx, errors5xx, requests, statistics } = figures;
  // Each request is a sample: 1 where it is of that kind, and for errors also 0 where it is not.
  const ones = (count: number) => ({ SampleCount: count, Sum: count, Minimum: 1, Maximum: 1 });
  const shares = (count: number) => ({
    SampleCount: allRequests,
    Sum: count,
    Minimum: count === allRequests ? 1 : 0,
    Maximum: count > 0 ? 1 : 0,
  });
  return [
    { MetricName: 'AllRequests', Unit: 'Count', StatisticValues: ones(allRequests) },
    ...[...requests].map(
      ([type, count]) => ({ MetricName: `${type}Requests`, Unit: 'Count', StatisticValues: ones(count) }) as const,
    ),
    { MetricName: '4xxErrors', Unit: 'Count', StatisticValues: shares(errors4xx) },
    { MetricName: '5xxErrors', Unit: 'Count', StatisticValues: shares(errors5xx) },
    ...measures.flatMap((MetricName) => {
      const found = statistics.get(MetricName);
      if (found === undefined) return [];
      const { count: SampleCount, sum: Sum, min: Minimum, max: Maximum } = found;
      const Unit = MetricName.startsWith('Bytes') ? 'Bytes' : 'Milliseconds';
      return [{ MetricName, Unit, StatisticValues: { SampleCount, Sum, Minimum, Maximum } } as const];
    }),
  ];
}
