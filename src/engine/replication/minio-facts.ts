/**
 * What MinIO says of a replica that S3's own headers have no place for: headers of its own, and the version id in the query.
 * As its client `minio-go` writes them and its server reads them.
 */

export const minioHeaders = {
  /** Marks a request of replication. */
  isReplica: 'x-minio-source-replication-request',
  /** When the version was made, which is its place in order too. */
  madeAt: 'x-minio-source-mtime',
  etag: 'x-minio-source-etag',
  /** Whether what is not there is looked for at servers that are replicated to. */
  asksOthers: 'x-minio-source-proxy-request',
  isDeleteMarker: 'x-minio-source-deletemarker',
  tagsChangedAt: 'x-minio-source-replication-tagging-timestamp',
  retentionSetAt: 'x-minio-source-replication-retention-timestamp',
  legalHoldSetAt: 'x-minio-source-replication-legalhold-timestamp',
  status: 'x-amz-replication-status',
} as const;

/** A MinIO calls its keys by names: the key NAME of a MinIO is the one that has the alias NAME here. */
const minioKeyForm = /^arn:aws:kms:([^:/]+)$/;

/** What a key is called here that a MinIO calls so. */
export function keyOfMinio(named: string): string {
  const name = minioKeyForm.exec(named)?.[1];
  return name === undefined ? named : `alias/${name}`;
}

/** What a MinIO calls the key of an ARN, by its alias or id. */
export function minioKey(arn: string): string {
  return `arn:aws:kms:${arn.slice(arn.lastIndexOf('/') + 1)}`;
}

const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:\d\d)$/;

/** Microseconds since 1970 as RFC 3339 has them. */
export function writeMinioTime(us: number): string {
  const seconds = new Date(Math.floor(us / 1_000_000) * 1000).toISOString().slice(0, -'.000Z'.length);
  return `${seconds}.${String(us % 1_000_000).padStart(6, '0')}Z`;
}

/** Microseconds since 1970; undefined if the text is no time. */
export function readMinioTime(text: string): number | undefined {
  const found = timeForm.exec(text);
  if (found === null) return undefined;
  const fraction = found[1] ?? '';
  const seconds = Date.parse(fraction === '' ? text : text.replace(`.${fraction}`, '')) / 1000;
  return Number.isNaN(seconds) ? undefined : seconds * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
