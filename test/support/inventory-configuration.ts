/** Inventory configurations as tests put them. */
import type { InventoryConfiguration, InventoryS3BucketDestination } from '@aws-sdk/client-s3';

export const to = (different: Partial<InventoryS3BucketDestination> = {}) => ({
  S3BucketDestination: { Bucket: 'arn:aws:s3:::reports', Format: 'CSV' as const, ...different },
});

export function configuration(Id: string, different: Partial<InventoryConfiguration> = {}): InventoryConfiguration {
  return {
    Id,
    IsEnabled: true,
    Destination: to(),
    Schedule: { Frequency: 'Daily' },
    IncludedObjectVersions: 'All',
    ...different,
  };
}
