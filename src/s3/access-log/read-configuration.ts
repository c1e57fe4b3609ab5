/**
 * Logging configurations as clients put them, checked as S3 checks them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_LoggingEnabled.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import type { LoggingConfiguration } from '../../engine/access-log/configuration.ts';
import { S3Error } from '../errors.ts';
import { type FindUser, granteeOfElement } from '../grantees.ts';

/** Throws MalformedXML, and what grantees throw that are not there. */
export function readLoggingElement(element: S3.LoggingEnabled, findUser: FindUser): LoggingConfiguration {
  const { TargetBucket, TargetPrefix, TargetGrants = [], TargetObjectKeyFormat } = element;
  if (TargetBucket === undefined || TargetBucket === '' || TargetPrefix === undefined)
    throw new S3Error('MalformedXML');
  const keys = keysOf(TargetObjectKeyFormat);
  return {
    target: TargetBucket,
    prefix: TargetPrefix,
    grants: TargetGrants.map((grant) => grantOf(grant, findUser)),
    ...(keys !== undefined && { keys }),
  };
}

function keysOf(format: S3.TargetObjectKeyFormat | undefined): LoggingConfiguration['keys'] {
  if (format === undefined) return undefined;
  const { SimplePrefix, PartitionedPrefix } = format;
  if ((SimplePrefix === undefined) === (PartitionedPrefix === undefined)) throw new S3Error('MalformedXML');
  if (PartitionedPrefix === undefined) return 'simple';
  return PartitionedPrefix.PartitionDateSource === 'DeliveryTime' ? 'by delivery time' : 'by event time';
}

function grantOf({ Grantee, Permission }: S3.TargetGrant, findUser: FindUser): LoggingConfiguration['grants'][number] {
  const grantee = Grantee && granteeOfElement(Grantee, findUser);
  if (grantee === undefined || Permission === undefined) throw new S3Error('MalformedXML');
  return { grantee, permission: Permission };
}
