/**
 * Whether S3 itself may write an object into a bucket on behalf of another one, as a report or a log: what the policy of the
 * destination says of the service. Of log delivery alone its access control list may say it too; the owner of a bucket gives
 * that to neither.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html#example-bucket-policies-s3-inventory-1
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
 */
import { type BucketAccess, grantsOf } from '../../engine/access.ts';
import { readBucketEncryption } from '../../engine/bucket-encryption.ts';
import { contextOfObject } from '../../engine/encryption/contexts.ts';
import { type Delivery, type DeliveryCheck, DeliveryRefused } from '../../engine/inventory/types.ts';
import type { Buckets, NewEncryption, Permission } from '../../engine/types.ts';
import { contextOf } from '../../iam/policy/context.ts';
import { type Decision, decide, noPermissions } from '../../iam/policy/decide.ts';
import { KmsError } from '../../kms/errors.ts';
import type { ObjectKeys } from '../../kms/object-keys.ts';
import type { BucketAccesses } from './bucket-accesses.ts';
import { policyOfBucket } from './policy-of-bucket.ts';

export interface DeliveryPermissionOptions {
  readonly accesses: BucketAccesses;
  /** The account id of an owner's canonical id. */
  readonly accountOf: (canonicalId: string) => string | undefined;
}

type Service = 's3.amazonaws.com' | 'logging.s3.amazonaws.com';

export interface ReportPermissionOptions extends DeliveryPermissionOptions {
  readonly buckets: Pick<Buckets, 'getConfig'>;
  readonly objectKeys: Pick<ObjectKeys, 'forService'>;
}

/** Whether reports may be written. */
export function deliveryPermission(options: ReportPermissionOptions): DeliveryCheck {
  return async (delivery: Delivery) => {
    const { source, destination, key, account } = delivery;
    if (account !== undefined && account !== (options.accountOf(destination.owner) ?? '')) {
      throw new DeliveryRefused(
        `Bucket ${destination.name} does not belong to account ${account}, which the configuration names`,
      );
    }
    const encryption = await encryptionOf(delivery, options);
    const outcome = await outcomeFor('s3.amazonaws.com', { ...delivery, encrypted: encryption }, options);
    if (outcome === 'allow') return encryption;
    const how = outcome === 'explicit-deny' ? 'denies' : 'does not allow';
    throw new DeliveryRefused(
      `The policy of bucket ${destination.name} ${how} s3.amazonaws.com s3:PutObject to ${key} on behalf of arn:aws:s3:::${source.name}`,
    );
  };
}

/** Throws DeliveryRefused where S3 may not use the key. */
async function encryptionOf(
  { source, destination, key, encryption }: Delivery,
  { accountOf, buckets, objectKeys }: ReportPermissionOptions,
): Promise<NewEncryption | undefined> {
  if (encryption?.kind !== 'SSE-KMS') return encryption;
  const isShared = (await readBucketEncryption(buckets, destination)).bucketKey === true;
  const context = contextOfObject({ bucket: destination.name, key }, { given: {}, sharesKey: isShared });
  const asked = { sourceArn: `arn:aws:s3:::${source.name}`, sourceAccount: accountOf(source.owner) ?? '', context };
  try {
    const keyArn = await objectKeys.forService(asked, encryption.keyId);
    return { kind: 'SSE-KMS', keyArn, context, ...(isShared && { bucketKey: true }) };
  } catch (error) {
    if (error instanceof KmsError) throw new DeliveryRefused(error.message, { cause: error });
    throw error;
  }
}

/** What a policy may ask of the encryption of what is written. */
function encryptionKeys(encryption: NewEncryption | undefined): Readonly<Record<string, string>> {
  if (encryption?.kind === 'SSE-S3') return { 's3:x-amz-server-side-encryption': 'AES256' };
  if (encryption?.kind !== 'SSE-KMS') return {};
  return {
    's3:x-amz-server-side-encryption': 'aws:kms',
    's3:x-amz-server-side-encryption-aws-kms-key-id': encryption.keyArn,
  };
}

/** Whether the access log of a bucket may be written. */
export async function logPermission(delivery: Delivery, options: DeliveryPermissionOptions): Promise<boolean> {
  return (await outcomeFor('logging.s3.amazonaws.com', delivery, options)) === 'allow';
}

async function outcomeFor(
  service: Service,
  { source, destination, key, encrypted }: Delivery & { readonly encrypted?: NewEncryption | undefined },
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
      ...encryptionKeys(encrypted),
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
