/**
 * Objects that S3 itself writes into buckets, reports and logs: encrypted as whoever writes them says, or else as the bucket or the
 * server has it by default. By a default KMS could be asked on behalf of nobody, so into a bucket whose default is a key of KMS nothing
 * is written then, as at AWS with logs.
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

/** The same objects, but that `put` encrypts by default, and rejects with DeliveryRefused where that is by a key of KMS. */
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
    put: async (request) =>
      objects.put({ ...request, encryption: request.encryption ?? (await encryptionOf(request.bucket)) }),
  };
}
