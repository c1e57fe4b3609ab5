/** Figures of requests: what is counted, minute by minute, and how it is told to Prometheus and by CloudWatch's names. */
import { expect, test } from 'vitest';
import { RequestSeries } from '../engine/metrics/request-figures.ts';
import type { FilterFigures } from '../engine/metrics/request-metrics.ts';
import { requestData } from './metrics-data.ts';
import { metricsText } from './metrics-text.ts';

const minuteMs = 60_000;
const sample = { type: 'Get', status: 200, bytesDownloaded: 0, bytesUploaded: 0, firstByteMs: 1, totalMs: 2 } as const;

function figures(): FilterFigures & { readonly series: RequestSeries } {
  return { bucket: 'b', filter: 'f"1', series: new RequestSeries() };
}

test('requests of two minutes → each minute by itself, once it is over, for a quarter of an hour', () => {
  const one = figures();
  one.series.note({ ...sample, bytesDownloaded: 10, status: 404 }, minuteMs);
  one.series.note({ ...sample, bytesDownloaded: 30, totalMs: 8 }, minuteMs + 59_999);
  one.series.note({ ...sample, type: 'Put', bytesUploaded: 5, status: 503 }, 2 * minuteMs);
  expect(requestData([one], 2 * minuteMs - 1)).toEqual([]);
  const first = requestData([one], 2 * minuteMs);
  expect(first[0]).toEqual({
    MetricName: 'AllRequests',
    Dimensions: [
      { Name: 'BucketName', Value: 'b' },
      { Name: 'FilterId', Value: 'f"1' },
    ],
    Timestamp: '1970-01-01T00:01:00.000Z',
    Unit: 'Count',
    StatisticValues: { SampleCount: 2, Sum: 2, Minimum: 1, Maximum: 1 },
  });
  const values = (nowMs: number) =>
    requestData([one], nowMs).map(({ MetricName, Unit, StatisticValues: { SampleCount, Sum, Minimum, Maximum } }) =>
      [MetricName, Unit, SampleCount, Sum, Minimum, Maximum].join(' '),
    );
  expect(values(2 * minuteMs)).toEqual([
    'AllRequests Count 2 2 1 1',
    'GetRequests Count 2 2 1 1',
    '4xxErrors Count 2 1 0 1',
    '5xxErrors Count 2 0 0 0',
    'BytesDownloaded Bytes 2 40 10 30',
    'FirstByteLatency Milliseconds 2 2 1 1',
    'TotalRequestLatency Milliseconds 2 10 2 8',
  ]);
  expect(values(3 * minuteMs).slice(7)).toEqual([
    'AllRequests Count 1 1 1 1',
    'PutRequests Count 1 1 1 1',
    '4xxErrors Count 1 0 0 0',
    '5xxErrors Count 1 1 1 1',
    'BytesUploaded Bytes 1 5 5 5',
    'FirstByteLatency Milliseconds 1 1 1 1',
    'TotalRequestLatency Milliseconds 1 2 2 2',
  ]);
  expect(values(17 * minuteMs)).toHaveLength(7);
  expect(values(18 * minuteMs)).toEqual([]);
});

test('a minute for each of a day → no more than the last are kept', () => {
  const one = figures();
  for (let minute = 0; minute < 1440; minute++) one.series.note(sample, minute * minuteMs);
  expect(one.series.minutes(1440 * minuteMs)).toHaveLength(15);
  expect(one.series.total.allRequests).toBe(1440);
});

test('latencies → a histogram whose parts hold those before them; labels are escaped', () => {
  const one = figures();
  for (const totalMs of [0.5, 1, 3, 20_000]) one.series.note({ ...sample, totalMs }, 0);
  const lines = metricsText([one], []).split('\n');
  const whole = lines.filter((line) => line.startsWith('ninefold_s3_total_request_latency_seconds'));
  const label = 'bucket="b",filter="f\\"1"';
  expect(whole.slice(0, 3)).toEqual([
    `ninefold_s3_total_request_latency_seconds_bucket{${label},le="0.001"} 2`,
    `ninefold_s3_total_request_latency_seconds_bucket{${label},le="0.0025"} 2`,
    `ninefold_s3_total_request_latency_seconds_bucket{${label},le="0.005"} 3`,
  ]);
  expect(whole.slice(-4)).toEqual([
    `ninefold_s3_total_request_latency_seconds_bucket{${label},le="10"} 3`,
    `ninefold_s3_total_request_latency_seconds_bucket{${label},le="+Inf"} 4`,
    `ninefold_s3_total_request_latency_seconds_sum{${label}} 20.0045`,
    `ninefold_s3_total_request_latency_seconds_count{${label}} 4`,
  ]);
  expect(lines).toContain(`ninefold_s3_requests_total{${label},type="get"} 4`);
});

test('nothing counted → an empty text', () => {
  expect(metricsText([], [])).toBe('');
});
