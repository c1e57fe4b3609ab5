/** Replication configurations as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { ReplicationConfiguration, ReplicationRule } from '../../engine/replication/configuration.ts';
import { tagElements } from '../tagging.ts';

export function configurationElement({ role, rules }: ReplicationConfiguration): S3.ReplicationConfiguration {
  return { Role: role, Rules: rules.map(ruleElement) };
}

function ruleElement(rule: ReplicationRule): S3.ReplicationRule {
  const { id, priority, form, prefix, isEnabled, markers, existing, destination } = rule;
  return {
    ID: id,
    Priority: priority,
    ...(form === 'prefix' ? { Prefix: prefix } : { Filter: filterElement(rule) }),
    Status: statusOf(isEnabled),
    SourceSelectionCriteria: criteriaElement(rule),
    ExistingObjectReplication: existing === undefined ? undefined : { Status: statusOf(existing) },
    DeleteMarkerReplication: markers === undefined ? undefined : { Status: statusOf(markers) },
    Destination: destinationElement(destination),
  };
}

function criteriaElement({
  kmsObjects,
  replicaModifications,
}: ReplicationRule): S3.SourceSelectionCriteria | undefined {
  if (kmsObjects === undefined && replicaModifications === undefined) return undefined;
  return {
    SseKmsEncryptedObjects: kmsObjects === undefined ? undefined : { Status: statusOf(kmsObjects) },
    ReplicaModifications: replicaModifications === undefined ? undefined : { Status: statusOf(replicaModifications) },
  };
}

function filterElement({ form, prefix, tags }: ReplicationRule): S3.ReplicationRuleFilter {
  const Tags = tagElements(tags);
  return form === 'and' ? { And: { Prefix: prefix, Tags } } : { Prefix: prefix, Tag: Tags[0] };
}

function destinationElement(destination: ReplicationRule['destination']): S3.Destination {
  const { bucket, account, overridesOwner, storageClass, replicaKey, metrics, time } = destination;
  return {
    Bucket: bucket,
    Account: account,
    // What was parsed as a class of the model.
    StorageClass: storageClass as S3.StorageClass | undefined,
    EncryptionConfiguration: replicaKey === undefined ? undefined : { ReplicaKmsKeyID: replicaKey },
    AccessControlTranslation: overridesOwner ? { Owner: 'Destination' } : undefined,
    ReplicationTime: time && { Status: statusOf(time.isEnabled), Time: { Minutes: time.minutes } },
    Metrics: metrics && {
      Status: statusOf(metrics.isEnabled),
      EventThreshold: metrics.minutes === undefined ? undefined : { Minutes: metrics.minutes },
    },
  };
}

function statusOf(isEnabled: boolean): 'Enabled' | 'Disabled' {
  return isEnabled ? 'Enabled' : 'Disabled';
}
