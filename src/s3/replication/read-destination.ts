/** The destination of a replication rule as clients put it. */
import type * as S3 from '@aws-sdk/client-s3';
import type { ReplicationRule } from '../../engine/replication/configuration.ts';
import { isBucketName } from '../bucket-names.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import { parseStorageClass } from '../storage-classes.ts';

export const arnPrefix = 'arn:aws:s3:::';
const keyArnForm = /^arn:aws:kms:[a-z0-9-]+:\d{12}:(?:key|alias)\/.*[^/]$/;
/** The only objective that S3 offers. */
const minutesOffered = 15;

type Destination = ReplicationRule['destination'];

/** Throws MalformedXML, InvalidArgument, InvalidRequest, InvalidStorageClass. */
export function readDestination(
  element: S3.Destination,
  /** Whether the rule says what becomes of objects under keys of KMS. */
  { namesKmsObjects }: { readonly namesKmsObjects: boolean },
): Destination {
  const { Bucket = '', Account, StorageClass, AccessControlTranslation, EncryptionConfiguration } = element;
  if (!Bucket.startsWith(arnPrefix) || !isBucketName(Bucket.slice(arnPrefix.length))) {
    throw invalidArgument('Invalid bucket ARN', { Bucket });
  }
  if (Account !== undefined && !/^\d{12}$/.test(Account)) throw invalidArgument('Invalid account', { Account });
  if (AccessControlTranslation !== undefined && Account === undefined) {
    throw invalidRequest('Account must be specified if the Owner in AccessControlTranslation has a value');
  }
  return {
    bucket: Bucket,
    ...(Account !== undefined && { account: Account }),
    ...(AccessControlTranslation !== undefined && { overridesOwner: true }),
    ...(StorageClass !== undefined && { storageClass: parseStorageClass(StorageClass) }),
    ...readReplicaKey(EncryptionConfiguration, namesKmsObjects),
    ...readTracking(element),
  };
}

/** Whether the key is there shows when something is replicated, as at AWS. */
function readReplicaKey(
  element: S3.EncryptionConfiguration | undefined,
  namesKmsObjects: boolean,
): Pick<Destination, 'replicaKey'> {
  if (element !== undefined && !namesKmsObjects) {
    throw invalidRequest('SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.');
  }
  const replicaKey = element?.ReplicaKmsKeyID ?? '';
  if (replicaKey === '') {
    if (!namesKmsObjects) return {};
    throw invalidRequest('ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.');
  }
  if (keyArnForm.test(replicaKey)) return { replicaKey };
  throw invalidArgument('Invalid ReplicaKmsKeyID ARN.', { ReplicaKmsKeyID: replicaKey });
}

/** What is told of a rule: failures, and with `ReplicationTime` what takes longer than its threshold, which both elements then name. */
function readTracking({ Metrics, ReplicationTime }: S3.Destination): Pick<Destination, 'metrics' | 'time'> {
  const isTimed = ReplicationTime?.Status === 'Enabled';
  const minutes = Metrics?.EventThreshold?.Minutes;
  if (ReplicationTime !== undefined) {
    if (Metrics === undefined || (isTimed && Metrics.Status !== 'Enabled')) {
      throw invalidRequest('Replication destination must contain both ReplicationTime and Metrics or neither.');
    }
    requireOffered({ ReplicationTime: ReplicationTime.Time?.Minutes }, 'Invalid time minute value');
  }
  if (isTimed) {
    const missing = 'ReplicationMetrics must contain an event threshold';
    const wrong = 'Invalid event threshold minute value';
    requireOffered({ ReplicationMetrics: minutes }, minutes === undefined ? missing : wrong);
  } else if (Metrics?.EventThreshold !== undefined) {
    throw invalidArgument(
      'Metrics cannot contain an event threshold when ReplicationTime is not specified or Disabled',
      { Metrics: shown(minutes) },
    );
  }
  return {
    ...(Metrics !== undefined && {
      metrics: { isEnabled: Metrics.Status === 'Enabled', ...(minutes !== undefined && { minutes }) },
    }),
    ...(ReplicationTime !== undefined && { time: { isEnabled: isTimed, minutes: minutesOffered } }),
  };
}

/** Of the one argument given. */
function requireOffered(argument: Readonly<Record<string, number | undefined>>, message: string): void {
  for (const [name, minutes] of Object.entries(argument)) {
    if (minutes !== minutesOffered) throw invalidArgument(message, { [name]: shown(minutes) });
  }
}

function shown(minutes: number | undefined): string {
  return minutes === undefined ? '' : String(minutes);
}
