/** The metrics configurations of a bucket: of which of its requests figures are kept. */
import { z } from 'zod';
import { NamedConfigurations } from '../named-configurations.ts';
import { type ObjectFilter, objectFilterSchema } from '../object-filter.ts';

export interface MetricsConfiguration {
  readonly id: string;
  readonly filter: ObjectFilter;
}

export const metricsConfigurations = new NamedConfigurations<MetricsConfiguration>(
  'metrics',
  z.strictObject({ id: z.string(), filter: objectFilterSchema }),
);
