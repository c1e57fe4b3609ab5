/**
 * The checksum algorithms S3 knows, by the names its model uses.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export const checksumAlgorithms = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
] as const;

export type ChecksumAlgorithm = (typeof checksumAlgorithms)[number];

/** Length of each algorithm's digest in bytes. */
export const digestLengthBytes: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  MD5: 16,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

/** Digests of one byte string, by algorithm: what was asked for and nothing else. */
export type Digests = ReadonlyMap<ChecksumAlgorithm, Uint8Array>;

/** Digests of bytes that were given away for them, and those bytes again. */
export interface Digested {
  readonly digests: Digests;
  readonly bytes: Uint8Array;
}

/** Computes several digests of one byte stream. Chunks are read before `update` resolves, never kept. */
export interface Digester {
  update(chunk: Uint8Array): void | Promise<void>;
  finish(): Promise<Digests>;
  /** Gives up; frees what the digester holds. Harmless after `finish`. */
  abort(): void;
}
