/**
 * What S3 means for one bucket, in memory and small enough to be checked by reading. Keys have a list of versions, newest
 * first; a null version (id `null`) exists at most once in it. Ids are the server's: the model is told them.
 */
import { createHash } from 'node:crypto';
import type { Span } from './span.ts';

export interface ModelVersion {
  versionId: string;
  /** Undefined for a delete marker. */
  content: Buffer | undefined;
  etag: string;
  tag: string | undefined;
  /** Empty for a delete marker. */
  storageClass: string;
  made: Span;
  /** When it took the place of what was current before, where that is not when it was made: of what an upload became. */
  placed?: Span;
  /** Of an archived version, what was asked for last; `unknown` once a rule has moved it on. */
  restore?: Restoration | 'unknown' | undefined;
  /** The upload that it was completed from. */
  uploadId?: string;
  /** Until when it is retained; for ever where it is held. */
  lockedUntilMs?: number;
}

/** From when until when a restored version can be read. */
export interface Restoration {
  readonly ready: Span;
  readonly over: Span;
}

export interface ModelPart {
  readonly content: Buffer;
  readonly etag: string;
}

export interface ModelUpload {
  readonly key: string;
  readonly storageClass: string;
  readonly made: Span;
  readonly parts: Map<number, ModelPart>;
}

/** What a completion is made of: part numbers and ETags in the order of the client's list. */
export type ListedParts = readonly { readonly number: number; readonly etag: string }[];

export interface Completion {
  readonly content: Buffer;
  readonly etag: string;
}

/** A version as a test adds it: without a class it is STANDARD, and its age counts for nothing where no rules are. */
export type NewVersion = Omit<ModelVersion, 'storageClass' | 'made'> &
  Partial<Pick<ModelVersion, 'storageClass' | 'made'>>;

const anyTime: Span = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

export const partSizeMinBytes = 5 * 1024 * 1024;

export class ReferenceModel {
  versioning: 'Unversioned' | 'Enabled' | 'Suspended' = 'Unversioned';
  readonly keys = new Map<string, ModelVersion[]>();
  /** By upload id. */
  readonly uploads = new Map<string, ModelUpload>();

  /** Adds a version or a marker; the null version gives way to a new null version. */
  add(key: string, added: NewVersion): void {
    const storageClass = added.content === undefined ? '' : 'STANDARD';
    const version = { storageClass, made: anyTime, ...added };
    const older = (this.keys.get(key) ?? []).filter(
      ({ versionId }) => versionId !== 'null' || version.versionId !== 'null',
    );
    this.keys.set(key, [version, ...older]);
  }

  deleteCurrent(key: string, markerId: string | undefined, made = anyTime): void {
    if (this.versioning === 'Unversioned') this.keys.delete(key);
    else this.add(key, { versionId: markerId ?? '', content: undefined, etag: '', tag: undefined, made });
  }

  deleteVersion(key: string, id: string): void {
    const left = (this.keys.get(key) ?? []).filter(({ versionId }) => versionId !== id);
    if (left.length > 0) this.keys.set(key, left);
    else this.keys.delete(key);
  }

  current(key: string): ModelVersion | undefined {
    return this.keys.get(key)?.[0];
  }

  /** The version that a GET without a version id reads. */
  readable(key: string): (ModelVersion & Completion) | undefined {
    const version = this.current(key);
    return version?.content === undefined ? undefined : { ...version, content: version.content };
  }

  /** Error code of a write with `If-None-Match: *` (`absent`) or `If-Match` (an ETag); empty if it may be done. */
  refusalOfWrite(key: string, condition: { readonly absent?: true; readonly match?: string }): string {
    const found = this.readable(key);
    if (condition.absent && found !== undefined) return 'PreconditionFailed';
    if (condition.match === undefined) return '';
    if (found === undefined) return 'NoSuchKey';
    return found.etag === condition.match ? '' : 'PreconditionFailed';
  }

  /** What a completion makes, or the error code it is refused with. Checked in this order: S3 does too. */
  complete(uploadId: string, listed: ListedParts): Completion | string {
    const upload = this.uploads.get(uploadId);
    if (upload === undefined) return 'NoSuchUpload';
    if (listed.some(({ number }, i) => i > 0 && number <= (listed[i - 1]?.number ?? 0))) return 'InvalidPartOrder';
    const parts = listed.flatMap(({ number, etag }) => {
      const part = upload.parts.get(number);
      return part?.etag === etag ? [part] : [];
    });
    if (parts.length < listed.length) return 'InvalidPart';
    if (parts.slice(0, -1).some(({ content }) => content.length < partSizeMinBytes)) return 'EntityTooSmall';
    return { content: Buffer.concat(parts.map(({ content }) => content)), etag: multipartEtag(parts) };
  }

  /** Keys in order of their UTF-8 bytes, as all listings have them. */
  sortedKeys(): string[] {
    return [...this.keys.keys()].sort(byBytes);
  }

  /** ListObjects without limit: keys with a readable current version, and common prefixes as `PRE prefix`. */
  list(prefix: string, delimiter: string): string[] {
    const readable = this.sortedKeys().filter((key) => this.readable(key) !== undefined);
    return groupKeys(readable, { prefix, delimiter }, (key) => [key]);
  }

  /** Every version with its key, in the order of ListObjectVersions. */
  allVersions(): { key: string; version: ModelVersion }[] {
    return this.sortedKeys().flatMap((key) => (this.keys.get(key) ?? []).map((version) => ({ key, version })));
  }

  /** ListObjectVersions without limit, a line for each version and each common prefix. */
  listVersions(prefix: string, delimiter: string): string[] {
    return groupKeys(this.sortedKeys(), { prefix, delimiter }, (key) =>
      (this.keys.get(key) ?? []).map((version, i) => versionLine(key, { ...version, isLatest: i === 0 })),
    );
  }

  /** ListMultipartUploads without limit. Uploads of one key come in the order of their creation. */
  listUploads(prefix: string, delimiter: string): string[] {
    const byKey = Map.groupBy(this.uploads, ([, { key }]) => key);
    return groupKeys([...byKey.keys()].sort(byBytes), { prefix, delimiter }, (key) =>
      (byKey.get(key) ?? []).map(([uploadId]) => `${key} ${uploadId}`),
    );
  }
}

/** One version as a line of text, for comparing listings. */
export function versionLine(
  key: string,
  version: Pick<ModelVersion, 'versionId' | 'etag' | 'storageClass'> & {
    isLatest: boolean;
    content: { length: number } | undefined;
  },
): string {
  const { versionId, isLatest, etag, content, storageClass } = version;
  const what = content === undefined ? 'marker' : `${content.length} bytes ${etag} ${storageClass}`;
  return `${key} ${versionId} ${what}${isLatest ? ' latest' : ''}`;
}

/** What a listing shows of sorted keys: the lines of each, or `PRE` and the common prefix that stands for several. */
function groupKeys(
  keys: readonly string[],
  { prefix, delimiter }: { readonly prefix: string; readonly delimiter: string },
  linesOf: (key: string) => readonly string[],
): string[] {
  const lines = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(prefix)) continue;
    const cutAt = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (cutAt < 0) for (const line of linesOf(key)) lines.add(line);
    else lines.add(`PRE ${key.slice(0, cutAt + delimiter.length)}`);
  }
  return [...lines];
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The ETag of an object in parts: the MD5 of their MD5s, and how many they are. */
export function multipartEtag(parts: readonly ModelPart[]): string {
  return `${md5Hex(...parts.map(({ etag }) => Buffer.from(etag, 'hex')))}-${parts.length}`;
}

export function md5Hex(...contents: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const content of contents) hash.update(content);
  return hash.digest('hex');
}

/** What can be known of whether an archive can be read in a span of time. Of other classes nothing is asked. */
export function archiveState(
  { storageClass, restore }: ModelVersion,
  { fromMs, toMs }: Span,
): 'readable' | 'archived' | 'unknown' {
  if (!archives.has(storageClass)) return 'readable';
  if (restore === undefined) return 'archived';
  if (restore === 'unknown') return 'unknown';
  const { ready, over } = restore;
  if (toMs < ready.fromMs || fromMs >= over.toMs) return 'archived';
  return fromMs >= ready.toMs && toMs < over.fromMs ? 'readable' : 'unknown';
}

const archives: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);
