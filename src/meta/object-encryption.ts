/** What the index keeps of the encryption of an object's bytes: enough to find the key again, never the key itself. */
export type ObjectEncryption =
  /** Under the server's own key, the one of this id. */
  | { readonly kind: 'SSE-S3'; readonly serverKey: string }
  | {
      readonly kind: 'SSE-KMS' | 'DSSE-KMS';
      /** ARN of the KMS key. */
      readonly keyArn: string;
      /** All that the data key is bound to. */
      readonly context: Readonly<Record<string, string>>;
      /** Whether the bucket's key was asked for. */
      readonly bucketKey?: true;
      /** The object's data key, sealed by KMS. */
      readonly sealed: string;
      /** Of two layers the outer one is under the server's own key, the one of this id. */
      readonly serverKey?: string;
    }
  /** Under a key that clients bring; `proof` is a digest of it with the salt, by which it is known again. */
  | { readonly kind: 'SSE-C'; readonly salt: string; readonly proof: string };
