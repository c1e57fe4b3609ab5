/**
 * Inventory configurations as clients put them, checked as S3 checks them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_InventoryConfiguration.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import {
  type InventoryConfiguration,
  inventoryFields,
  inventoryFormats,
  type ReportEncryption,
} from '../../engine/inventory/configuration.ts';
import { S3Error } from '../errors.ts';
import { checkOwnId } from '../named-configurations.ts';
import { checkDestinationAccount, readDestinationBucket } from '../report-destinations.ts';

/** Throws MalformedXML, InvalidArgument, InvalidConfigurationId, InvalidS3DestinationBucket, and NotImplemented for formats that are not there. */
export function readInventory(
  element: S3.InventoryConfiguration,
  { id, nowMs }: { id: string; nowMs: number },
): InventoryConfiguration {
  const { Id, IsEnabled, Filter, IncludedObjectVersions, OptionalFields = [], Schedule, Destination } = element;
  const place = Destination?.S3BucketDestination;
  const frequency = Schedule?.Frequency;
  if (IsEnabled === undefined || IncludedObjectVersions === undefined || frequency === undefined) {
    throw new S3Error('MalformedXML');
  }
  if (place === undefined || (Filter !== undefined && Filter.Prefix === undefined)) throw new S3Error('MalformedXML');
  checkOwnId(id, { own: Id });
  const fields = OptionalFields.map((name) => inventoryFields.find((field) => field === name));
  if (new Set(fields).size < fields.length) throw new S3Error('MalformedXML');
  return {
    id,
    isEnabled: IsEnabled,
    prefix: Filter?.Prefix,
    versions: IncludedObjectVersions,
    frequency,
    fields: fields.filter((field) => field !== undefined),
    destination: readDestination(place),
    putMs: nowMs,
  };
}

function readDestination(place: S3.InventoryS3BucketDestination): InventoryConfiguration['destination'] {
  const { Bucket = '', Format, AccountId, Prefix, Encryption } = place;
  const bucket = readDestinationBucket(Bucket);
  checkDestinationAccount({ AccountId });
  const format = inventoryFormats.find((known) => known === Format);
  if (format === undefined) {
    const message = `Inventory reports are written as ${inventoryFormats.join(' or ')}, not as ${Format}`;
    throw new S3Error('NotImplemented', { message });
  }
  return { bucket, account: AccountId, prefix: Prefix, format, encryption: readEncryption(Encryption) };
}

/** Whether S3 may use the key shows when a report is written. */
function readEncryption(element: S3.InventoryEncryption | undefined): ReportEncryption | undefined {
  if (element === undefined) return undefined;
  const { SSES3, SSEKMS } = element;
  // One of the two.
  if ((SSES3 === undefined) === (SSEKMS === undefined)) throw new S3Error('MalformedXML');
  if (SSEKMS === undefined) return { kind: 'SSE-S3' };
  if (!SSEKMS.KeyId) throw new S3Error('MalformedXML');
  return { kind: 'SSE-KMS', keyId: SSEKMS.KeyId };
}
