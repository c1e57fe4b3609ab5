/** Logging configurations as answers show them: as they were put. */
import type * as S3 from '@aws-sdk/client-s3';
import type { LoggingConfiguration } from '../../engine/access-log/configuration.ts';
import { granteeElement } from '../grantees.ts';
import type { NameOf } from '../owners.ts';

export function loggingElement(nameOf: NameOf, configuration: LoggingConfiguration): S3.LoggingEnabled {
  const { target, prefix, grants, keys } = configuration;
  return {
    TargetBucket: target,
    TargetPrefix: prefix,
    ...(grants.length > 0 && {
      TargetGrants: grants.map(({ grantee, permission }) => ({
        Grantee: granteeElement(nameOf, grantee),
        Permission: permission,
      })),
    }),
    ...(keys !== undefined && { TargetObjectKeyFormat: formatElement(keys) }),
  };
}

function formatElement(keys: LoggingConfiguration['keys']): S3.TargetObjectKeyFormat {
  if (keys === 'simple') return { SimplePrefix: {} };
  return { PartitionedPrefix: { PartitionDateSource: keys === 'by event time' ? 'EventTime' : 'DeliveryTime' } };
}
