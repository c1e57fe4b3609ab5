/** Figures for those who collect them: as text for Prometheus, and as CloudWatch has them. */

import type { Outbox } from '../engine/events/outbox.ts';
import type { RequestMetrics } from '../engine/metrics/request-metrics.ts';
import type { Replication } from '../engine/replication/types.ts';
import type { Usage } from '../engine/usage/usage.ts';
import type { Clock } from '../lib/clock.ts';
import { eventFamilies } from './event-metrics.ts';
import { requestData, storageData } from './metrics-data.ts';
import { metricsText, metricsTextType } from './metrics-text.ts';
import { replicationData, replicationFamilies } from './replication-metrics.ts';
import { type Route, refuseBody } from './routes.ts';
import { type StorageFigures, storageFigures } from './storage-metrics.ts';

export interface MetricsSources {
  readonly requestMetrics: RequestMetrics;
  readonly usage: Usage;
  readonly replication: Pick<Replication, 'sizes'>;
  readonly outbox: Pick<Outbox, 'sizes'>;
  readonly clock: Clock;
}

/** Paths that who collects figures may be let read, and nothing else. */
export const metricsPaths: ReadonlySet<string> = new Set(['metrics', 'metrics.json']);

export function metricsRoutes({ requestMetrics, usage, replication, outbox, clock }: MetricsSources): readonly Route[] {
  const readStorage = async (): Promise<readonly StorageFigures[]> => (await usage.read()).map(storageFigures);
  return [
    {
      method: 'GET',
      path: 'metrics',
      contentType: metricsTextType,
      async run({ body }) {
        refuseBody(body);
        const ofReplication = replicationFamilies(await replication.sizes(), clock.nowMs());
        const ofEvents = eventFamilies(await outbox.sizes(), clock.nowMs());
        return metricsText(requestMetrics.read(), await readStorage(), [...ofReplication, ...ofEvents]);
      },
    },
    {
      method: 'GET',
      path: 'metrics.json',
      async run({ body }) {
        refuseBody(body);
        const nowMs = clock.nowMs();
        const ofRequests = requestData(requestMetrics.read(), nowMs);
        const ofReplication = replicationData(await replication.sizes(), nowMs);
        const MetricData = [...ofRequests, ...storageData(await readStorage()), ...ofReplication];
        return { Namespace: 'AWS/S3', MetricData };
      },
    },
  ];
}
