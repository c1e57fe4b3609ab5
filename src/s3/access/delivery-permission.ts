/**
 * Whether S3 itself may write an object into a bucket on behalf of another one, as a report or a log: what the policy of the
 * destination says of the service. Of log delivery alone its access control list may say it too; the owner of a bucket gives
 * that to neither.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-s3-inventory-1
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
 */
import { type BucketAccess, grantsOf } from '../../engine/access.ts';
import type { Delivery, DeliveryCheck } from '../../engine/inventory/types.ts';
import type { Permission } from '../../engine/types.ts';
import { contextOf } from '../../iam/policy/context.ts';
import { type Decision, decide, noPermissions } from '../../iam/policy/decide.ts';
import type { BucketAccesses } from './bucket-accesses.ts';
import { policyOfBucket } from './policy-of-bucket.ts';

export interface DeliveryPermissionOptions {
  readonly accesses: BucketAccesses;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
}

type Service = 's3.amazonaws.com' | 'logging.s3.amazonaws.com';

/** Whether reports may be written. */
export function deliveryPermission(options: DeliveryPermissionOptions): DeliveryCheck {
  return async (delivery: Delivery) => {
    const { source, destination, key, account } = delivery;
    if (account !== undefined && account !== (options.accountOf(destination.owner) ?? '')) {
      return `Bucket ${destination.name} does not belong to account ${account}, which the configuration names`;
    }
    const outcome = await outcomeFor('s3.amazonaws.com', delivery, options);
    if (outcome === 'allow') return undefined;
    const how = outcome === 'explicit-deny' ? 'denies' : 'does not allow';
    return `The policy of bucket ${destination.name} ${how} s3.amazonaws.com s3:PutObject to ${key} on behalf of arn:aws:s3:::${source.name}`;
  };
}

/** Whether the access log of a bucket may be written. */
export async function logPermission(delivery: Delivery, options: DeliveryPermissionOptions): Promise<boolean> {
  return (await outcomeFor('logging.s3.amazonaws.com', delivery, options)) === 'allow';
}

async function outcomeFor(
  service: Service,
  { source, destination, key }: Delivery,
  { accesses, accountOf }: DeliveryPermissionOptions,
): Promise<Decision['outcome']> {
  const access = await accesses.read(destination);
  const { outcome } = decide({
    principal: { kind: 'service', accountId: '', canonicalId: '', arn: '', names: [service] },
    permissions: noPermissions,
    action: 's3:PutObject',
    resource: `arn:aws:s3:::${destination.name}/${key}`,
    resourceAccountId: accountOf(destination.owner) ?? '',
    resourcePolicy: policyOfBucket(access),
    isGrantedByAcl: service === 'logging.s3.amazonaws.com' && grantsLogDelivery(access),
    context: contextOf({
      'aws:SourceArn': `arn:aws:s3:::${source.name}`,
      'aws:SourceAccount': accountOf(source.owner) ?? '',
      'aws:PrincipalIsAWSService': 'true',
      'aws:PrincipalServiceName': service,
      'aws:SecureTransport': 'true',
      's3:x-amz-acl': 'bucket-owner-full-control',
    }),
  });
  return outcome;
}

/** Whether the group may write objects and read the list itself. */
function grantsLogDelivery(access: BucketAccess): boolean {
  if (access.ownership === 'BucketOwnerEnforced') return false;
  const granted = new Set<Permission>(
    grantsOf(access).flatMap(({ grantee, permission }) =>
      'group' in grantee && grantee.group === 'LogDelivery' ? [permission] : [],
    ),
  );
  return granted.has('FULL_CONTROL') || (granted.has('WRITE') && granted.has('READ_ACP'));
}
