/** The destination of a replication rule as clients put it. */
import type * as S3 from '@aws-sdk/client-s3';
import type { ReplicationRule } from '../../engine/replication/configuration.ts';
import { isBucketName } from '../bucket-names.ts';
import { S3Error } from '../errors.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import { parseStorageClass } from '../storage-classes.ts';

export const arnPrefix = 'arn:aws:s3:::';
/** The only objective that S3 offers. */
const minutesOffered = 15;

type Destination = ReplicationRule['destination'];

/** Throws MalformedXML, InvalidArgument, InvalidRequest, InvalidStorageClass, NotImplemented. */
export function readDestination(element: S3.Destination): Destination {
  const { Bucket = '', Account, StorageClass, AccessControlTranslation, EncryptionConfiguration } = element;
  if (!Bucket.startsWith(arnPrefix) || !isBucketName(Bucket.slice(arnPrefix.length))) {
    throw invalidArgument('Invalid bucket ARN', { Bucket });
  }
  if (EncryptionConfiguration !== undefined) {
    throw new S3Error('NotImplemented', {
      message: 'Replicas are not encrypted by keys of their own here',
      fields: { Header: 'EncryptionConfiguration' },
    });
  }
  if (Account !== undefined && !/^\d{12}$/.test(Account)) throw invalidArgument('Invalid account', { Account });
  if (AccessControlTranslation !== undefined && Account === undefined) {
    throw invalidRequest('Account must be specified with AccessControlTranslation');
  }
  return {
    bucket: Bucket,
    ...(Account !== undefined && { account: Account }),
    ...(AccessControlTranslation !== undefined && { overridesOwner: true }),
    ...(StorageClass !== undefined && { storageClass: parseStorageClass(StorageClass) }),
    ...readTracking(element),
  };
}

function readTracking({ Metrics, ReplicationTime }: S3.Destination): Pick<Destination, 'metrics' | 'time'> {
  const minutes = readMinutes({ EventThreshold: Metrics?.EventThreshold });
  const time = readMinutes({ Time: ReplicationTime?.Time });
  if (ReplicationTime?.Status === 'Enabled' && Metrics?.Status !== 'Enabled') {
    throw invalidRequest('Metrics must be enabled where ReplicationTime is');
  }
  return {
    ...(Metrics !== undefined && {
      metrics: { isEnabled: Metrics.Status === 'Enabled', ...(minutes !== undefined && { minutes }) },
    }),
    ...(ReplicationTime !== undefined && {
      time: { isEnabled: ReplicationTime.Status === 'Enabled', minutes: time ?? minutesOffered },
    }),
  };
}

/** Of the one member given. */
function readMinutes(member: Readonly<Record<string, S3.ReplicationTimeValue | undefined>>): number | undefined {
  const [[name, value] = ['', undefined]] = Object.entries(member);
  if (value === undefined || value.Minutes === minutesOffered) return value?.Minutes;
  throw invalidArgument(`${name} must be ${minutesOffered} minutes`, { [name]: String(value.Minutes) });
}
