/** Reading the index: every named read of the seam, on a connection of its own that cannot write. */
import type { HotRows } from './hot-rows.ts';
import { decodeKey, encodeKey, endOfKey, endOfPrefix } from './keys.ts';
import { collectPage, type Taken } from './page.ts';
import type {
  Bucket,
  LogGroup,
  OutboxEntry,
  Part,
  ReplicationEntry,
  Slice,
  StoredLogBatch,
  Upload,
  Version,
} from './records.ts';
import { AccessLogReader, type LogBatchQuery } from './tables/access-logs.ts';
import { type AnnotatedName, AnnotationReader, type AnnotationRow, toAnnotation } from './tables/annotations.ts';
import { BlobReader } from './tables/blobs.ts';
import { BucketReader } from './tables/buckets.ts';
import { IdentityReader } from './tables/identities.ts';
import { JobStateReader } from './tables/job-states.ts';
import type { Statements } from './tables/lazy-statements.ts';
import {
  type OutboxAsideQuery,
  type OutboxKeyQuery,
  type OutboxPlaceQuery,
  type OutboxQuery,
  OutboxReader,
  type OutboxSize,
} from './tables/outbox.ts';
import { PartReader, toPart } from './tables/parts.ts';
import {
  type ReplicationKeyQuery,
  type ReplicationQuery,
  ReplicationReader,
  type ReplicationSize,
} from './tables/replication.ts';
import { RestoreReader } from './tables/restores.ts';
import { toUpload, UploadReader, type UploadRow } from './tables/uploads.ts';
import { toGlance, toVersion, VersionReader, type VersionRow } from './tables/versions.ts';
import {
  type Annotated,
  type AnnotationPage,
  type AnnotationQuery,
  type BlobVersions,
  type BlobVersionsQuery,
  type BucketPage,
  type DueRestore,
  type GlanceQuery,
  type IdentityState,
  type IndexReader,
  type ListQuery,
  type ObjectEntry,
  type ObjectPage,
  type PartPage,
  type PartQuery,
  type QuietQuery,
  type QuietStretch,
  type SegmentBlob,
  type SegmentUse,
  type StoredAnnotation,
  type UploadListQuery,
  type UploadPage,
  type VersionGlance,
  VersionGone,
  type VersionListQuery,
} from './types.ts';

/** Noncurrent rows of a key that are stepped over before it pays to seek. */
const OLDER_ROWS_STEPPED = 4;

/** Where a version's row says its bytes are. No other version's bytes are ever called so, and where this one's are written anew, what is said here is not there any more. */
type Place = Pick<VersionRow, 'slices' | 'contentId'>;

type Range = { readonly start: number; readonly end: number };

export class Reader implements IndexReader {
  readonly #buckets: BucketReader;
  readonly #versions: VersionReader;
  readonly #blobs: BlobReader;
  readonly #uploads: UploadReader;
  readonly #parts: PartReader;
  readonly #annotations: AnnotationReader;
  readonly #jobStates: JobStateReader;
  readonly #identities: IdentityReader;
  readonly #outbox: OutboxReader;
  readonly #replication: ReplicationReader;
  readonly #restores: RestoreReader;
  readonly #accessLogs: AccessLogReader;

  readonly #hot: HotRows;
  /** Of versions that `getVersion` has given out, so that their rows need not be looked up twice. */
  readonly #places = new WeakMap<Version, Place>();

  /** `hot` must be told of every commit. */
  constructor(statements: Statements, hot: HotRows) {
    this.#hot = hot;
    this.#buckets = new BucketReader(statements);
    this.#versions = new VersionReader(statements);
    this.#blobs = new BlobReader(statements);
    this.#uploads = new UploadReader(statements);
    this.#parts = new PartReader(statements);
    this.#annotations = new AnnotationReader(statements);
    this.#jobStates = new JobStateReader(statements);
    this.#identities = new IdentityReader(statements);
    this.#outbox = new OutboxReader(statements);
    this.#replication = new ReplicationReader(statements);
    this.#restores = new RestoreReader(statements);
    this.#accessLogs = new AccessLogReader(statements);
  }

  async getBucket(name: string): Promise<Bucket | undefined> {
    return this.#hot.bucket(name, () => this.#buckets.byName(name));
  }

  async listBuckets(query: { owner?: string; prefix: string; after: string; limit: number }): Promise<BucketPage> {
    const { owner, prefix, after, limit } = query;
    if (limit <= 0) return { buckets: [], isTruncated: false };
    const rows = this.#buckets.inOrder({ owner: owner ?? null, from: prefix, after, limit: limit + 1 });
    const found = rows.filter((bucket) => bucket.name.startsWith(prefix));
    return { buckets: found.slice(0, limit), isTruncated: found.length > limit };
  }

  async getBucketConfig(bucketId: number, kind: string): Promise<string | undefined> {
    return this.#buckets.config(bucketId, kind);
  }

  async getBucketConfigs(bucketId: number): Promise<Readonly<Record<string, string>>> {
    return this.#buckets.configs(bucketId);
  }

  async nextBucketWithConfig(query: { after: string; kind: string }): Promise<string | undefined> {
    return this.#buckets.nextWithConfig(query);
  }

  async getVersion(bucketId: number, key: string, versionId?: string): Promise<Version | undefined> {
    const current = this.#hot.current(bucketId, key, () => {
      const row = this.#versions.current(bucketId, encodeKey(key));
      return row && this.#give(row, true);
    });
    if (current === undefined || versionId === undefined || versionId === current.versionId) return current;
    const row = this.#versions.byId(bucketId, encodeKey(key), versionId);
    return row && this.#give(row, row.ordinal === current.ordinal);
  }

  async getSlices(version: Version, range: Range): Promise<Slice[]> {
    const known = this.#places.get(version);
    const slices = known && this.#slicesAt(known, range);
    // What is not there any more has gone with the version, or is missed.
    return slices ?? this.#slicesAt(this.#rowOf(version), range) ?? this.#miss(version);
  }

  async getCompletedUpload(bucketId: number, key: string, uploadId: string): Promise<Version | undefined> {
    const row = this.#versions.byUpload(uploadId);
    if (row === undefined || row.bucketId !== bucketId || !row.key.equals(encodeKey(key))) return undefined;
    return toVersion(row, this.#versions.current(bucketId, row.key)?.ordinal === row.ordinal);
  }

  async listVersionParts(version: Version, query: PartQuery): Promise<PartPage> {
    const row = this.#rowOf(version);
    return this.#partPage(row.contentId, query);
  }

  async getVersionPart(version: Version, n: number): Promise<{ part: Part; offset: number } | undefined> {
    const { contentId } = this.#rowOf(version);
    if (contentId === null) return undefined;
    const part = this.#parts.atPosition({ contentId, n });
    return part && { part: toPart(part), offset: part.start };
  }

  async getAnnotation(version: Annotated, name: string): Promise<StoredAnnotation | undefined> {
    const row = this.#annotations.get(rowName(version), Buffer.from(name));
    return row && this.#storedAnnotation(row);
  }

  async listAnnotations(version: Annotated, { prefix, after, limit }: AnnotationQuery): Promise<AnnotationPage> {
    const [from, until] = [encodeKey(prefix), endOfPrefix(encodeKey(prefix))];
    const behind = endOfKey(encodeKey(after));
    const begin = after === '' || Buffer.compare(behind, from) < 0 ? from : behind;
    const rows = this.#annotations.inOrder(rowName(version), { from: begin, until, limit: limit + 1 });
    const annotations = rows.slice(0, limit).map((row) => this.#storedAnnotation(row));
    return { annotations, isTruncated: rows.length > limit };
  }

  async listObjects(query: ListQuery): Promise<ObjectPage> {
    let key: Buffer | undefined;
    let older = 0;
    const take = (row: VersionRow): Taken<ObjectEntry> => {
      if (key?.equals(row.key)) {
        older += 1;
        return older < OLDER_ROWS_STEPPED ? 'skip' : 'skip-key';
      }
      key = row.key;
      older = 0;
      if (row.isDeleteMarker === 1) return 'skip';
      return { entry: { kind: 'version', version: toVersion(row, true) } };
    };
    return collectPage(query, { rows: (from, until) => this.#versions.inOrder(query.bucketId, from, until), take });
  }

  async listVersions(query: VersionListQuery): Promise<ObjectPage> {
    const { bucketId, afterVersionId, afterOrdinal } = query;
    let key: Buffer | undefined;
    const take = (row: VersionRow): Taken<ObjectEntry> => {
      const isLatest = !key?.equals(row.key);
      key = row.key;
      return { entry: { kind: 'version', version: toVersion(row, isLatest) } };
    };
    return collectPage(query, {
      rows: (from, until) => this.#versions.inOrder(bucketId, from, until),
      resumed: (afterKey) => {
        const last = afterVersionId === '' ? undefined : this.#versions.byId(bucketId, afterKey, afterVersionId);
        const ordinal = last?.ordinal ?? afterOrdinal;
        if (ordinal === undefined) return [];
        // Where all that was listed before is gone, this page begins with the key's latest version.
        const current = this.#versions.current(bucketId, afterKey);
        if (current !== undefined && current.ordinal >= ordinal) key = afterKey;
        return this.#versions.older(bucketId, afterKey, ordinal);
      },
      take,
    });
  }

  async glanceAtVersions({ bucketId, prefix, from, limit }: GlanceQuery): Promise<readonly VersionGlance[]> {
    const until = endOfPrefix(encodeKey(prefix));
    const key = encodeKey(from?.key ?? prefix);
    if (from?.below === undefined) return this.#versions.glanceAt(bucketId, { from: key, until, limit }).map(toGlance);
    const older = this.#versions.glanceOlder(bucketId, { key, ordinal: from.below, limit });
    const left = limit - older.length;
    const others = left === 0 ? [] : this.#versions.glanceAt(bucketId, { from: endOfKey(key), until, limit: left });
    return [...older, ...others].map(toGlance);
  }

  async findVersionsOfBlobs(query: BlobVersionsQuery): Promise<BlobVersions> {
    return this.#versions.ofBlobs(query);
  }

  async findQuiet({
    bucketId,
    limit,
    madeBeforeMs,
    markers,
    storageClass,
    ...query
  }: QuietQuery): Promise<QuietStretch | undefined> {
    const end = endOfPrefix(encodeKey(query.prefix));
    const from = encodeKey(query.from ?? query.prefix);
    const until = this.#versions.keyAt(bucketId, { from, until: end, skip: limit });
    const { versions, notable } = this.#versions.measure(bucketId, {
      from,
      until: until ?? end,
      madeBeforeMs,
      markers,
      storageClass,
    });
    if (notable > 0 || (until !== undefined && versions === 0)) return undefined;
    return { versions, until: until && decodeKey(until) };
  }

  async getUpload(bucketId: number, key: string, uploadId: string): Promise<Upload | undefined> {
    const row = this.#uploads.get(bucketId, encodeKey(key), uploadId);
    return row && toUpload(row);
  }

  async listUploads(query: UploadListQuery): Promise<UploadPage> {
    const { bucketId, afterUploadId } = query;
    return collectPage(query, {
      rows: (from, until) => this.#uploads.inOrder(bucketId, from, until),
      resumed: (key) => (afterUploadId === '' ? [] : this.#uploads.later(bucketId, key, afterUploadId)),
      take: (row: UploadRow): Taken<{ kind: 'upload'; upload: Upload }> => ({
        entry: { kind: 'upload', upload: toUpload(row) },
      }),
    });
  }

  async listUploadParts(uploadId: string, query: PartQuery): Promise<PartPage> {
    return this.#partPage(this.#uploads.byId(uploadId)?.contentId ?? null, query);
  }

  async listSegments(): Promise<SegmentUse[]> {
    return this.#blobs.segments();
  }

  async listSegmentBlobs(segment: string, query: { after: number; limit: number }): Promise<SegmentBlob[]> {
    return this.#blobs.ofSegment(segment, query);
  }

  async getJobState(job: string): Promise<string | undefined> {
    return this.#jobStates.get(job);
  }

  async getIdentities(): Promise<IdentityState> {
    return { revision: this.#identities.revision(), documents: this.#identities.all() };
  }

  async listEvents(query: OutboxQuery): Promise<readonly OutboxEntry[]> {
    return this.#outbox.waiting(query);
  }

  async listEventsOn(query: OutboxKeyQuery): Promise<readonly OutboxEntry[]> {
    return this.#outbox.waitingOn(query);
  }

  async listEventsAside(query: OutboxAsideQuery): Promise<readonly OutboxEntry[]> {
    return this.#outbox.aside(query);
  }

  async findEventsAside(behind: readonly OutboxPlaceQuery[]): Promise<ReadonlyMap<number, number>> {
    return new Map(
      behind.flatMap((place) => {
        const found = this.#outbox.asideBefore(place);
        return found === undefined ? [] : [[place.sequence, found] as const];
      }),
    );
  }

  async countEvents(): Promise<readonly OutboxSize[]> {
    return this.#outbox.sizes();
  }

  async listReplication(query: ReplicationQuery): Promise<readonly ReplicationEntry[]> {
    return this.#replication.page(query);
  }

  async listReplicationOn(query: ReplicationKeyQuery): Promise<readonly ReplicationEntry[]> {
    return this.#replication.pageOfKey(query);
  }

  async nextReplicationDestination(after: string): Promise<string | undefined> {
    return this.#replication.nextDestination(after);
  }

  async countReplication(): Promise<readonly ReplicationSize[]> {
    return this.#replication.sizes();
  }

  async listDueRestores(query: { nowMs: number; limit: number }): Promise<DueRestore[]> {
    return this.#restores.due(query).map(({ bucketId, key, ...due }) => ({
      ...{ bucketId, key: decodeKey(key), ...due },
      bucket: this.#buckets.byId(bucketId),
    }));
  }

  async listLogGroups(): Promise<readonly LogGroup[]> {
    return this.#accessLogs.groups();
  }

  async listLogBatches(query: LogBatchQuery): Promise<readonly StoredLogBatch[]> {
    return this.#accessLogs.oldest(query);
  }

  #storedAnnotation(row: AnnotationRow): StoredAnnotation {
    const annotation = toAnnotation(row);
    const slices = this.#blobs.slices(row.slices, { start: 0, range: { start: 0, end: row.size } });
    if (slices === undefined) throw new Error(`The index lacks the blob of annotation ${annotation.name}.`);
    return { annotation, slices };
  }

  #give(row: VersionRow, isLatest: boolean): Version {
    const version = toVersion(row, isLatest);
    this.#places.set(version, { slices: row.slices, contentId: row.contentId });
    return version;
  }

  #miss({ bucketId, key, versionId }: Version): never {
    throw new Error(`The index lacks a blob of version ${versionId} of ${key} in bucket ${bucketId}.`);
  }

  /** The slices that overlap a range, cut to it; undefined if some are not there. */
  #slicesAt({ slices, contentId }: Place, range: Range): Slice[] | undefined {
    if (contentId === null) return this.#blobs.slices(slices, { start: 0, range });
    const parts = this.#parts.overlapping(contentId, range);
    const found: Slice[] = [];
    for (const part of parts) {
      const cut = this.#blobs.slices(part.slices, { start: part.start, range });
      if (cut === undefined) return undefined;
      found.push(...cut);
    }
    return parts.length === 0 && range.start < range.end ? undefined : found;
  }

  #rowOf(version: Version): VersionRow {
    const row = this.#versions.byOrdinal(version.bucketId, encodeKey(version.key), version.ordinal);
    if (row === undefined) throw new VersionGone(`Version ${version.versionId} was removed after it was looked up.`);
    return row;
  }

  #partPage(contentId: number | null, { after, limit }: PartQuery): PartPage {
    if (contentId === null || limit <= 0) return { parts: [], isTruncated: false };
    const rows = this.#parts.inOrder(contentId, { after, limit: limit + 1 });
    return { parts: rows.slice(0, limit).map(toPart), isTruncated: rows.length > limit };
  }
}

function rowName({ bucketId, key, ordinal }: Annotated): AnnotatedName {
  return { bucketId, key: encodeKey(key), ordinal };
}
