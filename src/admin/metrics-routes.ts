/** Figures for those who collect them: as text for Prometheus, and as CloudWatch has them. */
import type { RequestMetrics } from '../engine/metrics/request-metrics.ts';
import type { Clock } from '../lib/clock.ts';
import { requestData } from './metrics-data.ts';
import { metricsText, metricsTextType } from './metrics-text.ts';
import { type Route, refuseBody } from './routes.ts';

export interface MetricsSources {
  readonly requestMetrics: RequestMetrics;
  readonly clock: Clock;
}

/** Paths that who collects figures may be let read, and nothing else. */
export const metricsPaths: ReadonlySet<string> = new Set(['metrics', 'metrics.json']);

export function metricsRoutes({ requestMetrics, clock }: MetricsSources): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'metrics',
      contentType: metricsTextType,
      async run({ body }) {
        refuseBody(body);
        return metricsText(requestMetrics.read());
      },
    },
    {
      method: 'GET',
      path: 'metrics.json',
      async run({ body }) {
        refuseBody(body);
        return { Namespace: 'AWS/S3', MetricData: requestData(requestMetrics.read(), clock.nowMs()) };
      },
    },
  ];
}
