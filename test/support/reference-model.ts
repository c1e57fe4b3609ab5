/**
 * What S3 means for one bucket, in memory and small enough to be checked by reading. Keys have a list of versions, newest
 * first; a null version (id `null`) exists at most once in it.
 */
import { createHash } from 'node:crypto';

export interface ModelVersion {
  versionId: string;
  /** Undefined for a delete marker. */
  content: Buffer | undefined;
  etag: string;
  tag: string | undefined;
}

export class ReferenceModel {
  versioning: 'Unversioned' | 'Enabled' | 'Suspended' = 'Unversioned';
  readonly keys = new Map<string, ModelVersion[]>();

  /** Adds a version or a marker; the null version gives way to a new null version. */
  add(key: string, version: ModelVersion): void {
    const older = (this.keys.get(key) ?? []).filter(
      ({ versionId }) => versionId !== 'null' || version.versionId !== 'null',
    );
    this.keys.set(key, [version, ...older]);
  }

  deleteCurrent(key: string, markerId: string | undefined): void {
    if (this.versioning === 'Unversioned') this.keys.delete(key);
    else this.add(key, { versionId: markerId ?? '', content: undefined, etag: '', tag: undefined });
  }

  deleteVersion(key: string, id: string): void {
    const left = (this.keys.get(key) ?? []).filter(({ versionId }) => versionId !== id);
    if (left.length > 0) this.keys.set(key, left);
    else this.keys.delete(key);
  }

  current(key: string): ModelVersion | undefined {
    return this.keys.get(key)?.[0];
  }

  /** Keys in order of their UTF-8 bytes, as all listings have them. */
  sortedKeys(): string[] {
    return [...this.keys.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** ListObjects without limit: keys with a readable current version and common prefixes. */
  list(prefix: string, delimiter: string): string[] {
    const names = new Set<string>();
    for (const key of this.sortedKeys()) {
      if (!key.startsWith(prefix) || this.current(key)?.content === undefined) continue;
      const cutAt = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      names.add(cutAt < 0 ? key : key.slice(0, cutAt + delimiter.length));
    }
    return [...names];
  }

  /** Every version with its key, in the order of ListObjectVersions. */
  allVersions(): { key: string; version: ModelVersion }[] {
    return this.sortedKeys().flatMap((key) => (this.keys.get(key) ?? []).map((version) => ({ key, version })));
  }
}

export function md5Hex(...contents: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const content of contents) hash.update(content);
  return hash.digest('hex');
}
