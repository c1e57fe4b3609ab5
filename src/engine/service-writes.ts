/**
 * Objects that S3 itself writes into buckets, reports and logs: encrypted as the bucket or the server has it by default. For
 * nobody KMS could be asked on behalf of, so into a bucket whose default is a key of KMS nothing is written, as at AWS with logs.
 */
import { readBucketEncryption } from './bucket-encryption.ts';
import { DeliveryRefused } from './inventory/types.ts';
import type { Bucket, Buckets, NewEncryption, Objects } from './types.ts';

export interface ServiceWritesParts {
  readonly buckets: Pick<Buckets, 'getConfig'>;
  readonly objects: Objects;
  /** Whether a bucket that says nothing has its objects encrypted. */
  readonly encryptsByDefault: boolean;
}

/** The same objects, but that `put` rejects with DeliveryRefused where the bucket's default is a key of KMS. */
export function serviceWrites({ buckets, objects, encryptsByDefault }: ServiceWritesParts): Objects {
  const encryptionOf = async (bucket: Bucket): Promise<NewEncryption | undefined> => {
    const { algorithm = encryptsByDefault ? 'AES256' : undefined } = await readBucketEncryption(buckets, bucket);
    if (algorithm === undefined) return undefined;
    if (algorithm === 'AES256') return { kind: 'SSE-S3' };
    throw new DeliveryRefused(
      `The default encryption of bucket ${bucket.name} is ${algorithm}, which S3 itself cannot use: AES256 it can`,
    );
  };
  return {
    ...objects,
    put: async (request) => objects.put({ ...request, encryption: await encryptionOf(request.bucket) }),
  };
}
