/** Inventory configurations as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { InventoryConfiguration, ReportEncryption } from '../../engine/inventory/configuration.ts';
import { destinationArn } from '../report-destinations.ts';

export function inventoryElement(configuration: InventoryConfiguration): S3.InventoryConfiguration {
  const { id, isEnabled, prefix, versions, frequency, fields, destination } = configuration;
  return {
    Id: id,
    IsEnabled: isEnabled,
    Filter: prefix === undefined ? undefined : { Prefix: prefix },
    Destination: {
      S3BucketDestination: {
        Format: destination.format ?? 'CSV',
        AccountId: destination.account,
        Bucket: destinationArn(destination.bucket),
        Prefix: destination.prefix,
        Encryption: destination.encryption && encryptionElement(destination.encryption),
      },
    },
    Schedule: { Frequency: frequency },
    IncludedObjectVersions: versions,
    ...(fields.length > 0 && { OptionalFields: [...fields] }),
  };
}

function encryptionElement(encryption: ReportEncryption): S3.InventoryEncryption {
  return encryption.kind === 'SSE-S3' ? { SSES3: {} } : { SSEKMS: { KeyId: encryption.keyId } };
}
