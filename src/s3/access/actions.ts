/**
 * The actions of S3 that policies can name, what each is about, and the condition keys that it brings. Of actions about
 * anything but buckets and objects only the names are here: a policy may name them, but no request asks for them.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
 */

export interface ActionFacts {
  readonly on: 'bucket' | 'object' | 'other';
  /** As contexts are asked for them; those of tags without the slash and the tag's key. */
  readonly keys: ReadonlySet<string>;
}

/** Keys that every request to a bucket or an object brings, where it has them at all. */
const everywhere = [
  's3:BucketTag',
  's3:ResourceAccount',
  's3:TlsVersion',
  's3:authType',
  's3:signatureAge',
  's3:signatureversion',
];
const payload = ['s3:x-amz-content-sha256'];
const existingTags = ['s3:ExistingObjectTag'];
const version = ['s3:versionid'];
const requestTags = ['s3:RequestObjectTag', 's3:RequestObjectTagKeys'];
const grants = [
  's3:x-amz-acl',
  's3:x-amz-grant-full-control',
  's3:x-amz-grant-read',
  's3:x-amz-grant-read-acp',
  's3:x-amz-grant-write',
  's3:x-amz-grant-write-acp',
];
const kmsKey = ['s3:x-amz-server-side-encryption', 's3:x-amz-server-side-encryption-aws-kms-key-id'];
const encryption = [...kmsKey, 's3:x-amz-server-side-encryption-customer-algorithm'];
const newObject = [
  ...requestTags,
  ...grants,
  ...encryption,
  's3:x-amz-copy-source',
  's3:x-amz-metadata-directive',
  's3:x-amz-storage-class',
  's3:x-amz-website-redirect-location',
];
const eventHold = ['s3:object-lock-event-hold', 's3:object-lock-event-hold-duration-days'];
const retention = [
  ...eventHold,
  's3:object-lock-mode',
  's3:object-lock-remaining-retention-days',
  's3:object-lock-retain-until-date',
];
const legalHold = ['s3:object-lock-legal-hold'];
const listing = ['s3:delimiter', 's3:max-keys', 's3:prefix'];
const annotationMatch = ['s3:x-amz-object-if-match'];
const annotations = [...existingTags, 's3:annotation-prefix', 's3:max-annotation-results'];

interface Group {
  readonly names: string;
  readonly keys?: readonly string[];
}

const onBuckets: readonly Group[] = [
  {
    names: `CreateBucketMetadataTableConfiguration DeleteBucket DeleteBucketMetadataTableConfiguration
      DeleteBucketPolicy DeleteBucketWebsite GetAccelerateConfiguration GetAnalyticsConfiguration GetBucketAbac
      GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketMetadataTableConfiguration
      GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy
      GetBucketPolicyStatus GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning
      GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration GetInventoryConfiguration
      GetLifecycleConfiguration GetMetricsConfiguration GetReplicationConfiguration ListBucketMultipartUploads
      ListTagsForResource PutAccelerateConfiguration PutAnalyticsConfiguration PutBucketAbac PutBucketCORS
      PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls
      PutBucketPolicy PutBucketPublicAccessBlock PutBucketRequestPayment PutBucketTagging PutBucketVersioning
      PutBucketWebsite PutEncryptionConfiguration PutIntelligentTieringConfiguration PutLifecycleConfiguration
      PutMetricsConfiguration UpdateBucketMetadataAnnotationTableConfiguration
      UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration`,
  },
  { names: 'ListBucket ListBucketVersions', keys: listing },
  { names: 'PutBucketAcl', keys: grants },
  {
    names: 'CreateBucket',
    keys: [
      ...grants,
      'aws:RequestTag',
      'aws:TagKeys',
      's3:locationconstraint',
      's3:x-amz-bucket-namespace',
      's3:x-amz-object-ownership',
    ],
  },
  { names: 'PutInventoryConfiguration', keys: ['s3:InventoryAccessibleOptionalFields'] },
  { names: 'PutReplicationConfiguration', keys: ['s3:isReplicationPauseRequest'] },
  { names: 'PauseReplication', keys: ['s3:destinationRegion'] },
  { names: 'TagResource', keys: ['aws:RequestTag', 'aws:TagKeys'] },
  { names: 'UntagResource', keys: ['aws:TagKeys'] },
  {
    names: 'AllowVendedLogDeliveryForResource',
    keys: ['s3:deliverySourceArn', 's3:logType', 's3:resourceArnBeingAuthorized'],
  },
];

const onObjects: readonly Group[] = [
  {
    names: `AbortMultipartUpload GetObjectLegalHold GetObjectRetention GetObjectTorrent
      GetObjectVersionAnnotationForReplication GetObjectVersionForReplication InitiateReplication
      ListMultipartUploadParts ObjectOwnerOverrideToBucketOwner ReplicateDelete ReplicateObjectAnnotation
      ReplicateTags RestoreObject`,
  },
  {
    names: 'DeleteObjectTagging GetObject GetObjectAcl GetObjectAnnotation GetObjectAttributes GetObjectTagging',
    keys: existingTags,
  },
  {
    names: `DeleteObjectVersionTagging GetObjectVersion GetObjectVersionAcl GetObjectVersionAnnotation
      GetObjectVersionAttributes GetObjectVersionTagging`,
    keys: [...existingTags, ...version],
  },
  {
    names: 'PutObject',
    keys: [
      ...newObject,
      ...retention,
      ...legalHold,
      's3:ObjectCreationOperation',
      's3:if-match',
      's3:if-none-match',
      's3:x-amz-object-annotation-directive',
    ],
  },
  { names: 'BypassGovernanceRetention', keys: newObject },
  { names: 'ReplicateObject', keys: [...encryption, ...eventHold] },
  { names: 'UpdateObjectEncryption', keys: [...existingTags, ...kmsKey] },
  { names: 'DeleteObject', keys: ['s3:if-match'] },
  { names: 'DeleteObjectVersion GetObjectVersionTorrent', keys: version },
  { names: 'PutObjectAcl', keys: [...existingTags, ...grants, 's3:x-amz-storage-class'] },
  { names: 'PutObjectVersionAcl', keys: [...existingTags, ...grants, ...version, 's3:x-amz-storage-class'] },
  { names: 'PutObjectTagging', keys: [...existingTags, ...requestTags] },
  { names: 'PutObjectVersionTagging', keys: [...existingTags, ...requestTags, ...version] },
  { names: 'PutObjectRetention', keys: retention },
  { names: 'PutObjectLegalHold', keys: legalHold },
  { names: 'ListObjectAnnotations', keys: annotations },
  { names: 'ListObjectVersionAnnotations', keys: [...annotations, ...version] },
  { names: 'DeleteObjectAnnotation PutObjectAnnotation', keys: [...existingTags, ...annotationMatch] },
  {
    names: 'DeleteObjectVersionAnnotation PutObjectVersionAnnotation',
    keys: [...existingTags, ...annotationMatch, ...version],
  },
];

const elsewhere: readonly Group[] = [
  {
    names: `AssociateAccessGrantsIdentityCenter CreateAccessGrant CreateAccessGrantsInstance
      CreateAccessGrantsLocation CreateAccessPoint CreateAccessPointForObjectLambda CreateJob
      CreateMultiRegionAccessPoint CreateStorageLensGroup DeleteAccessGrant DeleteAccessGrantsInstance
      DeleteAccessGrantsInstanceResourcePolicy DeleteAccessGrantsLocation DeleteAccessPoint
      DeleteAccessPointForObjectLambda DeleteAccessPointPolicy DeleteAccessPointPolicyForObjectLambda
      DeleteJobTagging DeleteMultiRegionAccessPoint DeleteStorageLensConfiguration
      DeleteStorageLensConfigurationTagging DeleteStorageLensGroup DescribeJob
      DescribeMultiRegionAccessPointOperation DissociateAccessGrantsIdentityCenter GetAccessGrant
      GetAccessGrantsInstance GetAccessGrantsInstanceForPrefix GetAccessGrantsInstanceResourcePolicy
      GetAccessGrantsLocation GetAccessPoint GetAccessPointConfigurationForObjectLambda
      GetAccessPointForObjectLambda GetAccessPointPolicy GetAccessPointPolicyForObjectLambda
      GetAccessPointPolicyStatus GetAccessPointPolicyStatusForObjectLambda GetAccountPublicAccessBlock GetDataAccess
      GetJobTagging GetMultiRegionAccessPoint GetMultiRegionAccessPointPolicy
      GetMultiRegionAccessPointPolicyStatus GetMultiRegionAccessPointRoutes GetStorageLensConfiguration
      GetStorageLensConfigurationTagging GetStorageLensDashboard GetStorageLensGroup ListAccessGrants
      ListAccessGrantsInstances ListAccessGrantsLocations ListAccessPoints ListAccessPointsForObjectLambda
      ListAllMyBuckets ListCallerAccessGrants ListJobs ListMultiRegionAccessPoints ListStorageLensConfigurations
      ListStorageLensGroups PutAccessGrantsInstanceResourcePolicy PutAccessPointConfigurationForObjectLambda
      PutAccessPointPolicy PutAccessPointPolicyForObjectLambda PutAccessPointPublicAccessBlock
      PutAccountPublicAccessBlock PutJobTagging PutMultiRegionAccessPointPolicy PutStorageLensConfiguration
      PutStorageLensConfigurationTagging SubmitMultiRegionAccessPointRoutes UpdateAccessGrantsLocation
      UpdateJobPriority UpdateJobStatus UpdateStorageLensGroup`,
  },
];

/** By name as policies spell it, `s3:GetObject`. */
export const s3Actions: ReadonlyMap<string, ActionFacts> = new Map([
  ...factsOf('bucket', onBuckets),
  ...factsOf('object', onObjects),
  ...factsOf('other', elsewhere),
]);

/** Every key of S3's own that some action brings; those of tags without the slash and the tag's key. */
export const s3ConditionKeys: ReadonlySet<string> = new Set(
  [...s3Actions.values()].flatMap(({ keys }) => [...keys].filter((key) => key.startsWith('s3:'))),
);

function factsOf(on: ActionFacts['on'], groups: readonly Group[]): [string, ActionFacts][] {
  return groups.flatMap(({ names, keys = [] }) => {
    const all = [...(on === 'other' ? [] : [...everywhere, ...payload]), ...keys];
    const facts = { on, keys: new Set(all.map((key) => key.toLowerCase())) };
    return names.split(/\s+/).map((name): [string, ActionFacts] => [`s3:${name}`, facts]);
  });
}
