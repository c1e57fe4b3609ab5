/** What encryption is asked for, and what is needed of a KMS. */

import type { Rekeyable } from '../../meta/object-encryption.ts';
import type { Bucket, Version } from '../../meta/records.ts';

/** A key that a client brings (SSE-C): 32 bytes, kept no longer than its request. */
export interface CustomerKey {
  readonly key: Buffer;
  /** Its MD5 in base64, as the client gave it. */
  readonly md5: string;
}

/** How the bytes of a new object are to be encrypted. */
export type NewEncryption =
  | { readonly kind: 'SSE-S3' }
  | {
      readonly kind: 'SSE-KMS' | 'DSSE-KMS';
      /** ARN of the KMS key. */
      readonly keyArn: string;
      /** All that the data key is bound to, the ARN of the object or the bucket included. */
      readonly context: Readonly<Record<string, string>>;
      readonly bucketKey?: true;
    }
  | { readonly kind: 'SSE-C'; readonly key: CustomerKey };

/** Data keys of a KMS. Errors of both pass through to the client. */
export interface DataKeys {
  /** A new key of 32 bytes, and the same sealed under a KMS key, bound to the context. */
  generate(
    keyArn: string,
    context: Readonly<Record<string, string>>,
  ): Promise<{ readonly key: Buffer; readonly sealed: string }>;
  /** A key sealed under another key of KMS, or for another context. */
  seal(key: Buffer, keyArn: string, context: Readonly<Record<string, string>>): Promise<string>;
  /** The key that was sealed. */
  open(sealed: string, context: Readonly<Record<string, string>>): Promise<Buffer>;
}

/** A version, or without an id the current one. */
export interface EncryptedTarget {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** Under which key of KMS an object comes that is there. */
export type NewKmsKey = Pick<
  Extract<NewEncryption, { kind: 'SSE-KMS' | 'DSSE-KMS' }>,
  'keyArn' | 'context' | 'bucketKey'
>;

/** What an object is under, and what it comes under. */
export interface Rekeying {
  readonly source: Rekeyable;
  readonly asked: NewKmsKey;
}

/** How objects are encrypted that are there. */
export interface Encryption {
  /**
   * Puts a version under a key of KMS, as `decide` has it for the version that is met, which may be another one the next time. Its
   * bytes, times and ETag stay. Throws ObjectLocked for one that is locked, what `decide` throws, else as `objects.find`.
   */
  rekey(target: EncryptedTarget, decide: (version: Version) => Promise<Rekeying>): Promise<void>;
}
