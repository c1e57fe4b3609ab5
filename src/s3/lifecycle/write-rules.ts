/** Lifecycle rules as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { LifecycleRule, Transition } from '../../engine/lifecycle/rules.ts';
import { tagElements } from '../tagging.ts';

export function ruleElements(rules: readonly LifecycleRule[]): S3.LifecycleRule[] {
  return rules.map((rule) => {
    const { id, isEnabled, form, filter, expiration, noncurrentExpiration, abortUploadsDays } = rule;
    return {
      ID: id,
      ...(form === 'prefix' ? { Prefix: filter.prefix } : { Filter: filterElement({ form, filter }) }),
      Status: isEnabled ? 'Enabled' : 'Disabled',
      Expiration: expiration && expirationElement(expiration),
      Transitions: rule.transitions?.map(transitionElement),
      NoncurrentVersionTransitions: rule.noncurrentTransitions?.map(({ days, newerVersions, storageClass }) => ({
        NoncurrentDays: days,
        NewerNoncurrentVersions: newerVersions,
        StorageClass: storageClass,
      })),
      NoncurrentVersionExpiration: noncurrentExpiration && {
        NoncurrentDays: noncurrentExpiration.days,
        NewerNoncurrentVersions: noncurrentExpiration.newerVersions,
      },
      AbortIncompleteMultipartUpload:
        abortUploadsDays === undefined ? undefined : { DaysAfterInitiation: abortUploadsDays },
    };
  });
}

function transitionElement(transition: Transition): S3.Transition {
  const { storageClass: StorageClass } = transition;
  if ('days' in transition) return { Days: transition.days, StorageClass };
  return { Date: new Date(transition.dateMs), StorageClass };
}

function filterElement({ form, filter }: Pick<LifecycleRule, 'form' | 'filter'>): S3.LifecycleRuleFilter {
  const Tags = tagElements(filter.tags);
  const conditions = {
    Prefix: filter.prefix,
    ObjectSizeGreaterThan: filter.sizeGreaterThan,
    ObjectSizeLessThan: filter.sizeLessThan,
  };
  if (form === 'and') return { And: { ...conditions, Tags } };
  return { ...conditions, Tag: Tags[0] };
}

function expirationElement(expiration: NonNullable<LifecycleRule['expiration']>): S3.LifecycleExpiration {
  if ('days' in expiration) return { Days: expiration.days };
  if ('dateMs' in expiration) return { Date: new Date(expiration.dateMs) };
  return { ExpiredObjectDeleteMarker: expiration.ofMarkers };
}
