/** What encryption is asked for, and what is needed of a KMS. */

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
  /** The key that was sealed. */
  open(sealed: string, context: Readonly<Record<string, string>>): Promise<Buffer>;
}
