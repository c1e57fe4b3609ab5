/**
 * How a new object is encrypted: as its request says, or else as its bucket does. Throws S3Error with the codes and sentences
 * of AWS. https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
 */
import { type BucketEncryption, readBucketEncryption } from '../../engine/bucket-encryption.ts';
import { contextOfObject } from '../../engine/encryption/contexts.ts';
import { keyOfMinio, minioHeaders } from '../../engine/replication/minio-facts.ts';
import type { NewEncryption } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import type { InputOf } from '../model/types.ts';
import type { OperationRequest } from '../operation.ts';
import { clientContext } from './client-context.ts';
import { customerKeyInputs, readCustomerKey } from './customer-keys.ts';
import { callerOfKeys } from './key-use.ts';

/** Members of an input that say how what is written is to be encrypted. */
export const encryptionInputs = [
  'BucketKeyEnabled',
  'SSEKMSEncryptionContext',
  'SSEKMSKeyId',
  'ServerSideEncryption',
  ...customerKeyInputs,
] as const;

export type EncryptionInput = Pick<InputOf<'PutObject'>, 'Bucket' | 'Key' | (typeof encryptionInputs)[number]>;

const methodHeader = 'x-amz-server-side-encryption';

/** Undefined where nothing is encrypted. Asks KMS, where a key of it is to be used, whether the caller may. */
export async function encryptionFor(
  request: OperationRequest,
  input: EncryptionInput,
): Promise<NewEncryption | undefined> {
  refuseContradictions(input);
  const customerKey = readCustomerKey(input);
  const byBucket = await readBucketEncryption(request.engine.buckets, request.bucket());
  if (customerKey !== undefined) {
    if (byBucket.blocked?.includes('SSE-C') !== true) return { kind: 'SSE-C', key: customerKey };
    throw new S3Error('AccessDenied', {
      message: 'The bucket blocks server-side encryption with customer-provided keys (SSE-C)',
    });
  }
  const usual = request.encryptsByDefault ? 'AES256' : undefined;
  const { algorithm = usual, ...keys } =
    input.ServerSideEncryption === undefined ? byBucket : askedBy(request, input, byBucket);
  if (algorithm === undefined) return undefined;
  return algorithm === 'AES256' ? plainOf(input) : await underKmsKey(request, input, { algorithm, ...keys });
}

function refuseContradictions(input: EncryptionInput): void {
  const { ServerSideEncryption: method, SSEKMSKeyId, SSEKMSEncryptionContext } = input;
  const namesKms = SSEKMSKeyId !== undefined || SSEKMSEncryptionContext !== undefined;
  const bringsKey = customerKeyInputs.some((member) => input[member] !== undefined);
  if (bringsKey && (method !== undefined || namesKms)) {
    throw refused(
      method,
      'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
    );
  }
  if (method === 'aws:fsx' || method === 'aws:backup') {
    throw refused(method, 'The encryption method specified is not supported');
  }
  if (namesKms && method !== 'aws:kms' && method !== 'aws:kms:dsse') {
    throw refused(
      method,
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    );
  }
}

/** Of a bucket's default only whether its objects share a key counts for an object that names its method. */
function askedBy(
  request: OperationRequest,
  { ServerSideEncryption, SSEKMSKeyId }: EncryptionInput,
  byBucket: BucketEncryption,
): BucketEncryption {
  // The other values of the enumeration were refused.
  const algorithm = ServerSideEncryption as BucketEncryption['algorithm'];
  const shares = algorithm === 'aws:kms' && byBucket.bucketKey === true;
  const isOfMinio = SSEKMSKeyId !== undefined && request.header(minioHeaders.isReplica) !== undefined;
  return { algorithm, kmsKey: isOfMinio ? keyOfMinio(SSEKMSKeyId) : SSEKMSKeyId, bucketKey: shares };
}

function plainOf({ BucketKeyEnabled }: EncryptionInput): NewEncryption {
  if (BucketKeyEnabled !== true) return { kind: 'SSE-S3' };
  throw noBucketKey('AES256');
}

async function underKmsKey(
  request: OperationRequest,
  { Bucket, Key, SSEKMSEncryptionContext, BucketKeyEnabled }: EncryptionInput,
  { algorithm, kmsKey, bucketKey }: BucketEncryption,
): Promise<NewEncryption> {
  if (algorithm === 'aws:kms:dsse' && BucketKeyEnabled === true) throw noBucketKey(algorithm);
  const isShared = algorithm === 'aws:kms' && (BucketKeyEnabled ?? bucketKey ?? false);
  const given = clientContext(SSEKMSEncryptionContext);
  const context = contextOfObject({ bucket: Bucket, key: Key }, { given, sharesKey: isShared });
  return {
    kind: algorithm === 'aws:kms' ? 'SSE-KMS' : 'DSSE-KMS',
    keyArn: await request.objectKeys.forNewObject(callerOfKeys(request, context), kmsKey),
    context,
    ...(isShared && { bucketKey: true }),
  };
}

function noBucketKey(method: string): S3Error {
  return new S3Error('InvalidArgument', {
    message: `S3 Bucket Keys are not supported with the encryption method ${method}`,
    fields: { ArgumentName: 'x-amz-server-side-encryption-bucket-key-enabled', ArgumentValue: 'true' },
  });
}

function refused(method: string | undefined, message: string): S3Error {
  return new S3Error('InvalidArgument', {
    message,
    fields: { ArgumentName: methodHeader, ArgumentValue: method ?? 'null' },
  });
}
