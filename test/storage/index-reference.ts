/**
 * The index's commands in plain maps, small enough to be read as their definition. It knows nothing of tables, reference
 * counts or the log.
 */
import type { Command, Content, DeleteConditions, RejectionCode, WriteConditions } from '../../src/meta/commands.ts';

/** A run of bytes: where its blob lies, and which bytes of it. */
export type Run = readonly [blobOffset: number, from: number, length: number];

export interface ModelVersion {
  versionId: string;
  ordinal: number;
  isMarker: boolean;
  size: number;
  etag: string;
  tags: number;
  runs: readonly Run[];
  partCount?: number;
}
interface ModelUpload {
  key: string;
  parts: Map<number, { etag: string; size: number; runs: readonly Run[] }>;
}
interface ModelBucket {
  name: string;
  versioning: string;
  /** Newest first. */
  versions: Map<string, ModelVersion[]>;
  uploads: Map<string, ModelUpload>;
}

/** Of an object that is removed or hidden; a marker has none. */
function sizeOf(version: ModelVersion | undefined): { size?: number } {
  return version === undefined || version.isMarker ? {} : { size: version.size };
}

export class Refused extends Error {
  readonly code: RejectionCode;
  constructor(code: RejectionCode) {
    super(code);
    this.code = code;
  }
}

type Of<T extends Command['type']> = Extract<Command, { type: T }>;

export class IndexReference {
  readonly buckets = new Map<number, ModelBucket>();
  #nextBucket = 1;

  /** Executes a command; returns what submit resolves to, or throws Refused. `runs` are what shared slices stand for. */
  run(command: Command, runs: readonly Run[]): unknown {
    switch (command.type) {
      case 'create-bucket': {
        if ([...this.buckets.values()].some((bucket) => bucket.name === command.name))
          throw new Refused('BucketExists');
        const bucket = { name: command.name, versioning: 'Unversioned', versions: new Map(), uploads: new Map() };
        this.buckets.set(this.#nextBucket, bucket);
        return { bucketId: this.#nextBucket++ };
      }
      case 'delete-bucket':
        if (this.#bucket(command).versions.size > 0) throw new Refused('BucketNotEmpty');
        this.buckets.delete(command.bucketId);
        return undefined;
      case 'set-versioning':
        this.#bucket(command).versioning = command.versioning;
        return undefined;
      case 'put-version':
        return this.#put(command, runsOf(command.content, runs));
      case 'delete-current':
        return this.#deleteCurrent(command);
      case 'delete-version':
        return this.#deleteVersion(command);
      case 'set-version-tags': {
        const version = this.versions(command.bucketId, command.key).find((v) => v.versionId === command.versionId);
        if (version === undefined || version.isMarker) throw new Refused('NoSuchVersion');
        version.tags = command.tags.length;
        return undefined;
      }
      case 'create-upload':
        this.#bucket(command).uploads.set(command.uploadId, { key: command.key, parts: new Map() });
        return undefined;
      case 'put-part': {
        const part = { etag: command.etag, size: command.size, runs: runsOf(command.content, runs) };
        this.#upload(command).parts.set(command.partNumber, part);
        return undefined;
      }
      case 'complete-upload':
        return this.#complete(command);
      case 'abort-upload':
        this.#upload(command);
        this.#bucket(command).uploads.delete(command.uploadId);
        return undefined;
      default:
        throw new Error(`the model does not know ${command.type}`);
    }
  }

  /** Versions of a key, newest first. */
  versions(bucketId: number, key: string): ModelVersion[] {
    return this.#bucket({ bucketId }).versions.get(key) ?? [];
  }

  #bucket({ bucketId }: { bucketId: number }): ModelBucket {
    const bucket = this.buckets.get(bucketId);
    if (bucket === undefined) throw new Refused('NoSuchBucket');
    return bucket;
  }
  #upload({ bucketId, key, uploadId }: { bucketId: number; key: string; uploadId: string }): ModelUpload {
    const upload = this.#bucket({ bucketId }).uploads.get(uploadId);
    if (upload?.key !== key) throw new Refused('NoSuchUpload');
    return upload;
  }
  #object(bucketId: number, key: string): ModelVersion | undefined {
    const [current] = this.versions(bucketId, key);
    return current?.isMarker ? undefined : current;
  }
  #fit(bucketId: number, versionId: string): void {
    const isEnabled = this.#bucket({ bucketId }).versioning === 'Enabled';
    if (isEnabled === (versionId === 'null')) throw new Refused('StaleBucket');
  }

  /** Enters a version; returns whether a null version was replaced. */
  #enter(command: { bucketId: number; key: string }, version: ModelVersion): boolean {
    const before = this.versions(command.bucketId, command.key);
    const kept = before.filter((old) => version.versionId !== 'null' || old.versionId !== 'null');
    const after = [...kept, version].sort((a, b) => b.ordinal - a.ordinal);
    this.#bucket(command).versions.set(command.key, after);
    return kept.length < before.length;
  }
  #remove(command: { bucketId: number; key: string }, version: ModelVersion): void {
    const left = this.versions(command.bucketId, command.key).filter((other) => other !== version);
    if (left.length > 0) this.#bucket(command).versions.set(command.key, left);
    else this.#bucket(command).versions.delete(command.key);
  }

  #put(command: Of<'put-version'>, runs: readonly Run[]): undefined {
    this.#fit(command.bucketId, command.versionId);
    checkWrite(command.conditions, this.#object(command.bucketId, command.key));
    const { versionId, ordinal, size, etag } = command;
    this.#enter(command, { versionId, ordinal, isMarker: false, size, etag, tags: 0, runs });
  }
  #deleteCurrent(command: Of<'delete-current'>): unknown {
    const { versioning } = this.#bucket(command);
    if (versioning !== 'Unversioned') this.#fit(command.bucketId, command.markerId);
    const object = this.#object(command.bucketId, command.key);
    checkDelete(command.conditions, object);
    if (versioning === 'Unversioned') {
      if (object === undefined) return {};
      this.#remove(command, object);
      return { deletedVersionId: 'null', ...sizeOf(object) };
    }
    const { markerId: versionId, ordinal } = command;
    const marker = { versionId, ordinal, isMarker: true, size: 0, etag: '', tags: 0, runs: [] };
    const replaced = this.#enter(command, marker);
    return { markerId: versionId, ...(replaced && { deletedVersionId: 'null' }), ...sizeOf(object) };
  }
  #deleteVersion(command: Of<'delete-version'>): unknown {
    const version = this.versions(command.bucketId, command.key).find((v) => v.versionId === command.versionId);
    checkDelete(command.conditions, version);
    if (version === undefined) return { deleted: false, wasDeleteMarker: false };
    this.#remove(command, version);
    return { deleted: true, wasDeleteMarker: version.isMarker, ...sizeOf(version) };
  }
  #complete(command: Of<'complete-upload'>): undefined {
    this.#fit(command.bucketId, command.versionId);
    const upload = this.#upload(command);
    checkWrite(command.conditions, this.#object(command.bucketId, command.key));
    const parts = command.parts.map(({ partNumber, etag }) => {
      const part = upload.parts.get(partNumber);
      if (part?.etag !== etag) throw new Refused('InvalidPart');
      return part;
    });
    if (parts.length === 0) throw new Refused('InvalidPart');
    this.#bucket(command).uploads.delete(command.uploadId);
    const { versionId, ordinal, size, etag } = command;
    const runs = parts.flatMap((part) => part.runs);
    const version = { versionId, ordinal, isMarker: false, size, etag, tags: 0, runs, partCount: parts.length };
    this.#enter(command, version);
  }
}

function runsOf(content: Content, shared: readonly Run[]): readonly Run[] {
  if (content.kind === 'shared') return shared;
  return content.location.extents.map((extent): Run => [extent.offset, 0, extent.length]);
}

function checkWrite(conditions: WriteConditions | undefined, object: ModelVersion | undefined): void {
  if (conditions?.ifNoneMatch && object) throw new Refused('PreconditionFailed');
  if (conditions?.ifMatch === undefined) return;
  if (object === undefined) throw new Refused('NoSuchKey');
  if (!conditions.ifMatch.includes('*') && !conditions.ifMatch.includes(object.etag)) {
    throw new Refused('PreconditionFailed');
  }
}

function checkDelete(conditions: DeleteConditions | undefined, object: ModelVersion | undefined): void {
  if (conditions === undefined) return;
  if (object === undefined) throw new Refused('NoSuchKey');
  const isOther = conditions.ifMatch && !conditions.ifMatch.includes('*') && !conditions.ifMatch.includes(object.etag);
  if (isOther || (conditions.ifMatchSize ?? object.size) !== object.size) throw new Refused('PreconditionFailed');
}
