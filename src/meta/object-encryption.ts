/** What the index keeps of the encryption of an object's bytes: enough to find the key again, never the key itself. */
export type ObjectEncryption =
  /** Under the server's own key, the one of this id. */
  | { readonly kind: 'SSE-S3'; readonly serverKey: string }
  | UnderKms
  /** Under a key that clients bring; `proof` is a digest of it with the salt, by which it is known again. */
  | { readonly kind: 'SSE-C'; readonly salt: string; readonly proof: string };

/** What may come under another key without its bytes being read. */
export type Rekeyable = Extract<ObjectEncryption, { kind: 'SSE-S3' }> | UnderKms;

export interface UnderKms {
  readonly kind: 'SSE-KMS' | 'DSSE-KMS';
  /** ARN of the KMS key. */
  readonly keyArn: string;
  /** All that the data key is bound to. */
  readonly context: Readonly<Record<string, string>>;
  /** Whether the bucket's key was asked for. */
  readonly bucketKey?: true;
  /** The object's data key, sealed by KMS. */
  readonly sealed: string;
  /**
   * The server's own key of this id: of two layers the outer one is under it. Of one layer the envelopes are, as the object was written
   * with SSE-S3 and came under KMS later; they open for whom KMS opens the data key.
   */
  readonly serverKey?: string;
  /** How often the object came under a key after it was written. */
  readonly revision?: number;
}

/** How often an object came under a key after it was written; undefined for never. */
export function encryptionRevision(encryption: ObjectEncryption | undefined): number | undefined {
  return encryption !== undefined && 'revision' in encryption ? encryption.revision : undefined;
}
