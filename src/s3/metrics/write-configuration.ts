/** Metrics configurations as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { MetricsConfiguration } from '../../engine/metrics/configurations.ts';
import { objectFilterElement } from '../object-filters.ts';

export function metricsElement({ id, filter }: MetricsConfiguration): S3.MetricsConfiguration {
  return { Id: id, Filter: objectFilterElement(filter) as S3.MetricsFilter | undefined };
}
