/**
 * Whether S3 itself may write an object into a bucket on behalf of another one, as a report: what the policy of the
 * destination says of the service. Neither the owner of a bucket nor its access control list gives that.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-s3-inventory-1
 */
import type { Delivery, DeliveryCheck } from '../../engine/inventory/types.ts';
import { contextOf } from '../../iam/policy/context.ts';
import { decide, noPermissions } from '../../iam/policy/decide.ts';
import type { Principal } from '../../iam/policy/principal.ts';
import type { BucketAccesses } from './bucket-accesses.ts';
import { policyOfBucket } from './policy-of-bucket.ts';

export interface DeliveryPermissionOptions {
  readonly accesses: BucketAccesses;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
}

const serviceName = 's3.amazonaws.com';
const service: Principal = { kind: 'service', accountId: '', canonicalId: '', arn: '', names: [serviceName] };

export function deliveryPermission({ accesses, accountOf }: DeliveryPermissionOptions): DeliveryCheck {
  return async ({ source, destination, key, account }: Delivery) => {
    const owner = accountOf(destination.owner) ?? '';
    if (account !== undefined && account !== owner) {
      return `Bucket ${destination.name} does not belong to account ${account}, which the configuration names`;
    }
    const { outcome } = decide({
      principal: service,
      permissions: noPermissions,
      action: 's3:PutObject',
      resource: `arn:aws:s3:::${destination.name}/${key}`,
      resourceAccountId: owner,
      resourcePolicy: policyOfBucket(await accesses.read(destination)),
      context: contextOf({
        'aws:SourceArn': `arn:aws:s3:::${source.name}`,
        'aws:SourceAccount': accountOf(source.owner) ?? '',
        'aws:PrincipalIsAWSService': 'true',
        'aws:PrincipalServiceName': serviceName,
        'aws:SecureTransport': 'true',
        's3:x-amz-acl': 'bucket-owner-full-control',
      }),
    });
    if (outcome === 'allow') return undefined;
    const how = outcome === 'explicit-deny' ? 'denies' : 'does not allow';
    return `The policy of bucket ${destination.name} ${how} s3.amazonaws.com s3:PutObject to ${key} on behalf of arn:aws:s3:::${source.name}`;
  };
}
