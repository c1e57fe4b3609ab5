/** How answers tell of an object's encryption. */
import { shownContext } from '../../engine/encryption/contexts.ts';
import type { CustomerKey, NewEncryption, ObjectEncryption } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import type { OperationRequest } from '../operation.ts';

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

/** Members of the output of a write, which tell the encryption context that the client has given too. */
export function writtenEncryption(
  encryption: ObjectEncryption | undefined,
  asked: NewEncryption | undefined,
): EncryptionMembers & { readonly SSEKMSEncryptionContext?: string } {
  const members = encryptionMembers(encryption, customerKeyOf(asked));
  const context = encryption !== undefined && 'keyArn' in encryption ? shownContext(encryption.context) : undefined;
  return context === undefined ? members : { ...members, SSEKMSEncryptionContext: context };
}

/** Headers that only writes have; S3 refuses them on reads, as whoever sends them takes them for a condition. */
const ofWrites = [
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-context',
] as const;

/** Throws InvalidArgument for a read that asks for encryption. */
export function refuseEncryptionOfRead(request: Pick<OperationRequest, 'header'>): void {
  const header = ofWrites.find((name) => request.header(name) !== undefined);
  if (header === undefined) return;
  throw new S3Error('InvalidArgument', {
    message: `${header} header is not supported for this operation.`,
    fields: { ArgumentName: header, ArgumentValue: request.header(header) ?? '' },
  });
}

/** The key that a request brings for what it writes. */
function customerKeyOf(encryption: NewEncryption | undefined): CustomerKey | undefined {
  return encryption?.kind === 'SSE-C' ? encryption.key : undefined;
}
