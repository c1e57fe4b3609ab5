/**
 * What a request must be allowed: the one table of the actions of every operation, with the further ones that some headers
 * ask for. What depends on more than the request's head (the keys of DeleteObjects, the tags of a copy's source) the
 * operations ask for themselves.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
import { minioHeaders } from '../../engine/replication/minio-facts.ts';
import { replicaHeader } from '../../engine/replication/replica-facts.ts';
import { readBoolean } from '../model/decode-scalars.ts';
import type { OperationName } from '../model/types.ts';

/** A question to the policies. */
export interface NeededAction {
  /** As policies spell it, with its service. */
  readonly action: string;
  /** `service` where the request names no bucket. */
  readonly on: 'service' | 'bucket' | 'object';
  /** It is about the object that the request makes, whose owner its maker will be, and not about one that is there. */
  readonly isOfNew?: true;
}

/** What of a request's head decides which actions it needs. */
export interface ActionRequest {
  readonly operation: OperationName;
  readonly namesVersion: boolean;
  /** Canonical id, where there is a bucket already. */
  readonly bucketOwner: string | undefined;
  /** Whether its body gives tags. */
  readonly givesTags: boolean;
  header(name: string): string | undefined;
}

interface Entry {
  readonly action: string;
  readonly on: NeededAction['on'];
  /** Instead, where the request names a version. */
  readonly versionAction?: string;
  /** Instead, where another server replicates by it. */
  readonly replicaAction?: string;
  readonly also?: readonly Further[];
}

interface Further {
  readonly action: string;
  readonly isOfNew?: true;
  readonly versionAction?: string;
  isNeeded(request: ActionRequest): boolean;
}

const onService = (action: string): Entry => ({ action, on: 'service' });
const onBucket = (action: string): Entry => ({ action: `s3:${action}`, on: 'bucket' });
const onObject = (action: string): Entry => ({ action: `s3:${action}`, on: 'object' });
/** Where the request names a version, that of versions. */
const onVersion = (action: string): Entry => ({
  ...onObject(action),
  versionAction: `s3:${action.replace('Object', 'ObjectVersion')}`,
});

const hasAny =
  (...names: string[]) =>
  ({ header }: ActionRequest): boolean =>
    names.some((name) => header(name) !== undefined);

/** Read as the operation reads it: there are several ways to say so. */
function isOn(name: string): (request: ActionRequest) => boolean {
  return ({ header }) => readBoolean(header(name)?.trim() ?? '') === true;
}

export const aclHeaders = [
  'x-amz-acl',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
] as const;

const bypass: Further = {
  action: 's3:BypassGovernanceRetention',
  isNeeded: isOn('x-amz-bypass-governance-retention'),
};

const replicates = { replicaAction: 's3:ReplicateObject' };
const isReplica = hasAny(replicaHeader, minioHeaders.isReplica);
const withTags = hasAny('x-amz-tagging');
const withRetention = hasAny('x-amz-object-lock-mode', 'x-amz-object-lock-retain-until-date');
const withLegalHold = hasAny('x-amz-object-lock-legal-hold');

/** What the headers of a new object ask for beside its creation. */
const ofNewObject: readonly Further[] = [
  { action: 's3:PutObjectTagging', isOfNew: true, isNeeded: (request) => withTags(request) && !isReplica(request) },
  { action: 's3:ReplicateTags', isOfNew: true, isNeeded: (request) => withTags(request) && isReplica(request) },
  { action: 's3:PutObjectAcl', isOfNew: true, isNeeded: asksForAcl },
  {
    action: 's3:PutObjectRetention',
    isNeeded: (request) => withRetention(request) && !isReplica(request),
  },
  { action: 's3:PutObjectLegalHold', isNeeded: (request) => withLegalHold(request) && !isReplica(request) },
];

const ofNewBucket: readonly Further[] = [
  { action: 's3:TagResource', isNeeded: ({ givesTags }) => givesTags },
  { action: 's3:PutBucketAcl', isNeeded: hasAny(...aclHeaders) },
  { action: 's3:PutBucketOwnershipControls', isNeeded: hasAny('x-amz-object-ownership') },
  ...['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'].map((action) => ({
    action,
    isNeeded: isOn('x-amz-bucket-object-lock-enabled'),
  })),
];

const readsObject = onVersion('GetObject');
const writesObject = { ...onObject('PutObject'), ...replicates, also: ofNewObject };
const listsBucket = onBucket('ListBucket');

const table: Readonly<Record<OperationName, Entry>> = {
  AbortMultipartUpload: { ...onObject('AbortMultipartUpload'), ...replicates },
  CompleteMultipartUpload: { ...onObject('PutObject'), ...replicates },
  CopyObject: writesObject,
  CreateBucket: { ...onBucket('CreateBucket'), also: ofNewBucket },
  CreateBucketMetadataConfiguration: onBucket('CreateBucketMetadataTableConfiguration'),
  CreateBucketMetadataTableConfiguration: onBucket('CreateBucketMetadataTableConfiguration'),
  CreateMultipartUpload: writesObject,
  CreateSession: { action: 's3express:CreateSession', on: 'bucket' },
  DeleteAccountPublicAccessBlock: onService('s3:PutAccountPublicAccessBlock'),
  DeleteBucket: onBucket('DeleteBucket'),
  DeleteBucketAnalyticsConfiguration: onBucket('PutAnalyticsConfiguration'),
  DeleteBucketCors: onBucket('PutBucketCORS'),
  DeleteBucketEncryption: onBucket('PutEncryptionConfiguration'),
  DeleteBucketIntelligentTieringConfiguration: onBucket('PutIntelligentTieringConfiguration'),
  DeleteBucketInventoryConfiguration: onBucket('PutInventoryConfiguration'),
  DeleteBucketLifecycle: onBucket('PutLifecycleConfiguration'),
  DeleteBucketMetadataConfiguration: onBucket('DeleteBucketMetadataTableConfiguration'),
  DeleteBucketMetadataTableConfiguration: onBucket('DeleteBucketMetadataTableConfiguration'),
  DeleteBucketMetricsConfiguration: onBucket('PutMetricsConfiguration'),
  DeleteBucketOwnershipControls: onBucket('PutBucketOwnershipControls'),
  DeleteBucketPolicy: onBucket('DeleteBucketPolicy'),
  DeleteBucketReplication: onBucket('PutReplicationConfiguration'),
  DeleteBucketTagging: onBucket('PutBucketTagging'),
  DeleteBucketWebsite: onBucket('DeleteBucketWebsite'),
  DeleteObject: { ...onVersion('DeleteObject'), replicaAction: 's3:ReplicateDelete', also: [bypass] },
  DeleteObjectAnnotation: { ...onVersion('DeleteObjectAnnotation'), also: [bypass] },
  // Of each key by itself: one that may not be deleted is an error in the answer.
  DeleteObjects: { ...onVersion('DeleteObject'), also: [bypass] },
  DeleteObjectTagging: onVersion('DeleteObjectTagging'),
  DeletePublicAccessBlock: onBucket('PutBucketPublicAccessBlock'),
  GetAccountPublicAccessBlock: onService('s3:GetAccountPublicAccessBlock'),
  GetBucketAbac: onBucket('GetBucketAbac'),
  GetBucketAccelerateConfiguration: onBucket('GetAccelerateConfiguration'),
  GetBucketAcl: onBucket('GetBucketAcl'),
  GetBucketAnalyticsConfiguration: onBucket('GetAnalyticsConfiguration'),
  GetBucketCors: onBucket('GetBucketCORS'),
  GetBucketEncryption: onBucket('GetEncryptionConfiguration'),
  GetBucketIntelligentTieringConfiguration: onBucket('GetIntelligentTieringConfiguration'),
  GetBucketInventoryConfiguration: onBucket('GetInventoryConfiguration'),
  GetBucketLifecycleConfiguration: onBucket('GetLifecycleConfiguration'),
  GetBucketLocation: onBucket('GetBucketLocation'),
  GetBucketLogging: onBucket('GetBucketLogging'),
  GetBucketMetadataConfiguration: onBucket('GetBucketMetadataTableConfiguration'),
  GetBucketMetadataTableConfiguration: onBucket('GetBucketMetadataTableConfiguration'),
  GetBucketMetricsConfiguration: onBucket('GetMetricsConfiguration'),
  GetBucketNotificationConfiguration: onBucket('GetBucketNotification'),
  GetBucketOwnershipControls: onBucket('GetBucketOwnershipControls'),
  GetBucketPolicy: onBucket('GetBucketPolicy'),
  GetBucketPolicyStatus: onBucket('GetBucketPolicyStatus'),
  GetBucketReplication: onBucket('GetReplicationConfiguration'),
  GetBucketRequestPayment: onBucket('GetBucketRequestPayment'),
  GetBucketTagging: onBucket('GetBucketTagging'),
  GetBucketVersioning: onBucket('GetBucketVersioning'),
  GetBucketWebsite: onBucket('GetBucketWebsite'),
  GetObject: readsObject,
  GetObjectAcl: onVersion('GetObjectAcl'),
  GetObjectAnnotation: onVersion('GetObjectAnnotation'),
  GetObjectAttributes: {
    ...readsObject,
    also: [
      {
        action: 's3:GetObjectAttributes',
        versionAction: 's3:GetObjectVersionAttributes',
        isNeeded: () => true,
      },
    ],
  },
  GetObjectLegalHold: onObject('GetObjectLegalHold'),
  GetObjectLockConfiguration: onBucket('GetBucketObjectLockConfiguration'),
  GetObjectRetention: onObject('GetObjectRetention'),
  GetObjectTagging: onVersion('GetObjectTagging'),
  GetObjectTorrent: onObject('GetObjectTorrent'),
  GetPublicAccessBlock: onBucket('GetBucketPublicAccessBlock'),
  HeadBucket: listsBucket,
  HeadObject: readsObject,
  ListBucketAnalyticsConfigurations: onBucket('GetAnalyticsConfiguration'),
  ListBucketIntelligentTieringConfigurations: onBucket('GetIntelligentTieringConfiguration'),
  ListBucketInventoryConfigurations: onBucket('GetInventoryConfiguration'),
  ListBucketMetricsConfigurations: onBucket('GetMetricsConfiguration'),
  ListBuckets: onService('s3:ListAllMyBuckets'),
  ListDirectoryBuckets: onService('s3express:ListAllMyDirectoryBuckets'),
  ListMultipartUploads: onBucket('ListBucketMultipartUploads'),
  ListObjectAnnotations: onVersion('ListObjectAnnotations'),
  ListObjects: listsBucket,
  ListObjectsV2: listsBucket,
  ListObjectVersions: onBucket('ListBucketVersions'),
  ListParts: { ...onObject('ListMultipartUploadParts'), ...replicates },
  ListTagsForResource: onBucket('ListTagsForResource'),
  PutAccountPublicAccessBlock: onService('s3:PutAccountPublicAccessBlock'),
  PutBucketAbac: onBucket('PutBucketAbac'),
  PutBucketAccelerateConfiguration: onBucket('PutAccelerateConfiguration'),
  PutBucketAcl: onBucket('PutBucketAcl'),
  PutBucketAnalyticsConfiguration: onBucket('PutAnalyticsConfiguration'),
  PutBucketCors: onBucket('PutBucketCORS'),
  PutBucketEncryption: onBucket('PutEncryptionConfiguration'),
  PutBucketIntelligentTieringConfiguration: onBucket('PutIntelligentTieringConfiguration'),
  PutBucketInventoryConfiguration: onBucket('PutInventoryConfiguration'),
  PutBucketLifecycleConfiguration: onBucket('PutLifecycleConfiguration'),
  PutBucketLogging: onBucket('PutBucketLogging'),
  PutBucketMetricsConfiguration: onBucket('PutMetricsConfiguration'),
  PutBucketNotificationConfiguration: onBucket('PutBucketNotification'),
  PutBucketOwnershipControls: onBucket('PutBucketOwnershipControls'),
  PutBucketPolicy: onBucket('PutBucketPolicy'),
  PutBucketReplication: onBucket('PutReplicationConfiguration'),
  PutBucketRequestPayment: onBucket('PutBucketRequestPayment'),
  PutBucketTagging: onBucket('PutBucketTagging'),
  PutBucketVersioning: onBucket('PutBucketVersioning'),
  PutBucketWebsite: onBucket('PutBucketWebsite'),
  PutObject: writesObject,
  PutObjectAcl: onVersion('PutObjectAcl'),
  PutObjectAnnotation: { ...onVersion('PutObjectAnnotation'), also: [bypass] },
  PutObjectLegalHold: onObject('PutObjectLegalHold'),
  PutObjectLockConfiguration: onBucket('PutBucketObjectLockConfiguration'),
  PutObjectRetention: { ...onObject('PutObjectRetention'), also: [bypass] },
  PutObjectTagging: { ...onVersion('PutObjectTagging'), replicaAction: 's3:ReplicateTags' },
  PutPublicAccessBlock: onBucket('PutBucketPublicAccessBlock'),
  RenameObject: { action: 's3express:CreateSession', on: 'bucket' },
  RestoreObject: onObject('RestoreObject'),
  SelectObjectContent: onObject('GetObject'),
  TagResource: onBucket('TagResource'),
  UntagResource: onBucket('UntagResource'),
  UpdateBucketMetadataAnnotationTableConfiguration: onBucket('UpdateBucketMetadataAnnotationTableConfiguration'),
  UpdateBucketMetadataInventoryTableConfiguration: onBucket('UpdateBucketMetadataInventoryTableConfiguration'),
  UpdateBucketMetadataJournalTableConfiguration: onBucket('UpdateBucketMetadataJournalTableConfiguration'),
  UpdateObjectEncryption: onObject('UpdateObjectEncryption'),
  UploadPart: { ...onObject('PutObject'), ...replicates },
  UploadPartCopy: onObject('PutObject'),
  WriteGetObjectResponse: onService('s3-object-lambda:WriteGetObjectResponse'),
};

function ofReplica(action: string): NeededAction {
  return { action, on: 'object' };
}

/** The action that an operation is, and after it those that its headers ask for. */
export function neededActions(request: ActionRequest): readonly NeededAction[] {
  const { operation, namesVersion } = request;
  const entry = table[operation];
  const pick = ({ action, versionAction, isOfNew }: Omit<Further, 'isNeeded'>): NeededAction => ({
    action: namesVersion ? (versionAction ?? action) : action,
    on: entry.on,
    ...(isOfNew && { isOfNew }),
  });
  const own = entry.replicaAction !== undefined && isReplica(request) ? ofReplica(entry.replicaAction) : pick(entry);
  if (entry.also === undefined) return [own];
  return [own, ...entry.also.filter(({ isNeeded }) => isNeeded(request)).map(pick)];
}

/**
 * Whether the headers ask for an ACL other than the bucket owner's full control, which AWS's examples of policies that
 * demand it grant with s3:PutObject alone.
 */
function asksForAcl({ header, bucketOwner }: ActionRequest): boolean {
  const given = aclHeaders.filter((name) => header(name) !== undefined);
  if (given.length !== 1) return given.length > 0;
  if (header('x-amz-acl') === 'bucket-owner-full-control') return false;
  return header('x-amz-grant-full-control')?.replaceAll(/[\s"]/g, '') !== `id=${bucketOwner}`;
}
