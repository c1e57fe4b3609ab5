/** The Intelligent-Tiering configurations of a bucket, which opt in to archive tiers. */
import { z } from 'zod';
import type { ArchiveTier } from '../../meta/records.ts';
import { NamedConfigurations } from '../named-configurations.ts';
import { type ObjectFilter, objectFilterSchema } from '../object-filter.ts';

export interface TieringConfiguration {
  readonly id: string;
  readonly isEnabled: boolean;
  readonly filter: ObjectFilter;
  /** In the client's order, each tier once. */
  readonly tierings: readonly { readonly tier: ArchiveTier; readonly days: number }[];
}

export const tieringConfigurations = new NamedConfigurations<TieringConfiguration>(
  'intelligent-tiering',
  z.strictObject({
    id: z.string(),
    isEnabled: z.boolean(),
    filter: objectFilterSchema,
    tierings: z.array(z.strictObject({ tier: z.enum(['ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS']), days: z.int() })),
  }),
);
