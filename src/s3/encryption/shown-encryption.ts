/** How answers tell of an object's encryption. */
import type { CustomerKey, NewEncryption, ObjectEncryption } from '../../engine/types.ts';

const algorithms = { 'SSE-S3': 'AES256', 'SSE-KMS': 'aws:kms', 'DSSE-KMS': 'aws:kms:dsse' } as const;

export interface EncryptionMembers {
  readonly ServerSideEncryption?: 'AES256' | 'aws:kms' | 'aws:kms:dsse';
  readonly SSEKMSKeyId?: string;
  readonly BucketKeyEnabled?: boolean;
  readonly SSECustomerAlgorithm?: string;
  readonly SSECustomerKeyMD5?: string;
}

/** Members of an output on an object or part that is so encrypted; `customerKey` is what the request brought. */
export function encryptionMembers(
  encryption: ObjectEncryption | undefined,
  customerKey: CustomerKey | undefined,
): EncryptionMembers {
  if (encryption === undefined) return {};
  if (encryption.kind === 'SSE-C') {
    // Of the key nothing is kept that could be shown.
    return customerKey === undefined ? {} : { SSECustomerAlgorithm: 'AES256', SSECustomerKeyMD5: customerKey.md5 };
  }
  const ServerSideEncryption = algorithms[encryption.kind];
  if (encryption.kind === 'SSE-S3') return { ServerSideEncryption };
  const { keyArn, bucketKey } = encryption;
  return { ServerSideEncryption, SSEKMSKeyId: keyArn, ...(bucketKey && { BucketKeyEnabled: true }) };
}

/** The key that a request brings for what it writes. */
export function customerKeyOf(encryption: NewEncryption | undefined): CustomerKey | undefined {
  return encryption?.kind === 'SSE-C' ? encryption.key : undefined;
}
