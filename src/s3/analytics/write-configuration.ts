/** Analytics configurations as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { AnalyticsConfiguration } from '../../engine/analytics/configurations.ts';
import { objectFilterElement } from '../object-filters.ts';
import { destinationArn } from '../report-destinations.ts';

export function analyticsElement({ id, filter, destination }: AnalyticsConfiguration): S3.AnalyticsConfiguration {
  return {
    Id: id,
    Filter: objectFilterElement(filter) as S3.AnalyticsFilter | undefined,
    StorageClassAnalysis:
      destination === undefined
        ? {}
        : {
            DataExport: {
              OutputSchemaVersion: 'V_1',
              Destination: {
                S3BucketDestination: {
                  Format: 'CSV',
                  BucketAccountId: destination.account,
                  Bucket: destinationArn(destination.bucket),
                  Prefix: destination.prefix,
                },
              },
            },
          },
  };
}
