/** Which report is written of what is in a bucket. */

/** Optional fields of a report, by AWS's names, in the order in which reports have them. */
export const inventoryFields = [
  'Size',
  'LastModifiedDate',
  'ETag',
  'StorageClass',
  'IsMultipartUploaded',
  'ReplicationStatus',
  'EncryptionStatus',
  'ObjectLockRetainUntilDate',
  'ObjectLockMode',
  'ObjectLockLegalHoldStatus',
  'IntelligentTieringAccessTier',
  'BucketKeyStatus',
  'ChecksumAlgorithm',
  'ObjectAccessControlList',
  'ObjectOwner',
  'LifecycleExpirationDate',
  'IntelligentTieringReferenceDate',
  'ObjectLockEventHoldStatus',
  'ObjectLockEventHoldDuration',
] as const;

export type InventoryField = (typeof inventoryFields)[number];

/** What data files are written as. */
export const inventoryFormats = ['CSV', 'Parquet'] as const;
export type InventoryFormat = (typeof inventoryFormats)[number];

/** The key of KMS is named by its id, alias or ARN, as the client has it. */
export type ReportEncryption = { readonly kind: 'SSE-S3' } | { readonly kind: 'SSE-KMS'; readonly keyId: string };

export interface InventoryConfiguration {
  readonly id: string;
  readonly isEnabled: boolean;
  /** Only keys that begin with it are listed. */
  readonly prefix?: string | undefined;
  readonly versions: 'All' | 'Current';
  readonly frequency: 'Daily' | 'Weekly';
  /** In the client's order. */
  readonly fields: readonly InventoryField[];
  readonly destination: {
    /** Name of the bucket. */
    readonly bucket: string;
    /** Account that the bucket must belong to. */
    readonly account?: string | undefined;
    /** What keys of the report begin with. */
    readonly prefix?: string | undefined;
    /** CSV where it is not said. */
    readonly format?: InventoryFormat | undefined;
    /** How the report is encrypted; as the bucket has it by default where it is not said. */
    readonly encryption?: ReportEncryption | undefined;
  };
  /** When it was put: its first report is due with the next that are written. */
  readonly putMs: number;
}
