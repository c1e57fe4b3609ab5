/** The analytics configurations of a bucket: of which of its objects it is analysed how they are used. */
import { z } from 'zod';
import { NamedConfigurations } from '../named-configurations.ts';
import { type ObjectFilter, objectFilterSchema } from '../object-filter.ts';

export interface AnalyticsConfiguration {
  readonly id: string;
  readonly filter: ObjectFilter;
  /** Where the analysis is written; without it, it is kept all the same. */
  readonly destination?:
    | {
        /** Name of the bucket. */
        readonly bucket: string;
        /** Account that the bucket must belong to. */
        readonly account?: string | undefined;
        /** What the key of the file begins with. */
        readonly prefix?: string | undefined;
      }
    | undefined;
}

export const analyticsConfigurations = new NamedConfigurations<AnalyticsConfiguration>(
  'analytics',
  z.strictObject({
    id: z.string(),
    filter: objectFilterSchema,
    destination: z
      .strictObject({ bucket: z.string(), account: z.string().optional(), prefix: z.string().optional() })
      .optional(),
  }),
);
