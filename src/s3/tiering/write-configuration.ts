/** Intelligent-Tiering configurations as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { TieringConfiguration } from '../../engine/tiering/configurations.ts';
import { objectFilterElement } from '../object-filters.ts';

export function tieringElement(configuration: TieringConfiguration): S3.IntelligentTieringConfiguration {
  const { id, isEnabled, filter, tierings } = configuration;
  return {
    Id: id,
    Filter: objectFilterElement(filter) as S3.IntelligentTieringFilter | undefined,
    Status: isEnabled ? 'Enabled' : 'Disabled',
    Tierings: tierings.map(({ tier, days }) => ({ Days: days, AccessTier: tier })),
  };
}
