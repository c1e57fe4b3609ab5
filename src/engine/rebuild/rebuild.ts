/**
 * Rebuilds an index out of the stripe directories alone. The rows are made by the same commands as ever, in an index that
 * is empty, so what comes out is an index like any other, with its log.
 *
 * Blobs that several rows share get their ids from a scaffold, an upload of which each is a part; it is taken down at the end,
 * and what no row has taken hold of by then is free.
 */

import type { SegmentContents } from '../../blob/maintenance/types.ts';
import type { BlobStore } from '../../blob/types.ts';
import type { Command, Content, NewContent } from '../../meta/commands.ts';
import { objectLockKind } from '../../meta/object-lock.ts';
import type { Index } from '../../meta/types.ts';
import type { NamedSlice } from '../manifests.ts';
import { isRejection } from '../refusals.ts';
import { nullVersionId } from '../version-ids.ts';
import { type FoundBlobs, findBlobs } from './blob-finder.ts';
import { type Catalogue, type Entry, readCatalogue, type VersionEntry } from './catalogue.ts';
import { type Description, readDescription } from './descriptions.ts';
import type { Settings } from './settings.ts';

export interface RebuildReport {
  readonly buckets: number;
  readonly versions: number;
  readonly deleteMarkers: number;
  readonly uploads: number;
  /** What was found to be lost, one line each. */
  readonly lost: readonly string[];
}

export interface RebuildParts {
  /** Empty. */
  readonly index: Index;
  readonly blobs: BlobStore & SegmentContents;
  /** Of buckets whose own description is lost. */
  readonly region: string;
  readonly nowMs: number;
  /** What the disks have of settings, which no blob describes. */
  readonly settings?: Settings | undefined;
}

/** Commands on their way at once. */
const underWayMax = 2000;
const pageSize = 1000;
/** No bucket of a client can have this name. */
const scaffoldName = '-rebuild';

export async function rebuildIndex(parts: RebuildParts): Promise<RebuildReport> {
  const found = await findBlobs(parts.blobs);
  const catalogue = await readCatalogue(parts.blobs, found);
  return new Rebuild(parts, found, catalogue).run();
}

class Rebuild {
  readonly #parts: RebuildParts;
  readonly #found: FoundBlobs;
  readonly #catalogue: Catalogue;
  /** Ids of the blobs that rows share, by write id. */
  readonly #shared = new Map<string, number>();
  readonly #lost: string[] = [];
  readonly #counts = { buckets: 0, versions: 0, deleteMarkers: 0, uploads: 0 };
  #underWay: Promise<unknown>[] = [];

  constructor(parts: RebuildParts, found: FoundBlobs, catalogue: Catalogue) {
    this.#parts = parts;
    this.#found = found;
    this.#catalogue = catalogue;
  }

  async run(): Promise<RebuildReport> {
    this.#listUnreadable();
    const scaffold = await this.#raiseScaffold();
    const { buckets, versions, uploads } = this.#catalogue;
    const names = [...buckets.keys(), ...versions.keys(), ...uploads.map(({ description }) => description.bucket)];
    for (const name of [...new Set(names)].sort()) await this.#restoreBucket(name);
    await this.#restoreIdentities();
    await this.#parts.index.submit({ type: 'delete-bucket', bucketId: scaffold });
    return { ...this.#counts, lost: this.#lost };
  }

  #listUnreadable(): void {
    for (const [segment, stripes] of this.#found.unreadable) {
      this.#lost.push(`segment ${segment}: ${stripes} stripes cannot be read, nor what was in them named`);
    }
    for (const label of this.#found.broken) {
      const description = readDescription(label);
      if (description === undefined || !('key' in description)) continue;
      this.#lost.push(`${nameOf(description)}: bytes of it are missing`);
    }
  }

  /** Gives every blob that slices name an id. */
  async #raiseScaffold(): Promise<number> {
    const { index } = this.#parts;
    const owner = { region: this.#parts.region, owner: '', createdMs: 0 };
    const { bucketId } = await index.submit({ type: 'create-bucket', name: scaffoldName, ...owner });
    const upload = { bucketId, key: scaffoldName, uploadId: scaffoldName };
    const attributes = { owner: '', storageClass: '', headers: {}, metadata: {}, tags: [] };
    await this.#submit({ type: 'create-upload', ...upload, initiatedMs: 0, attributes });
    const segments = new Set<string>();
    let partNumber = 0;
    for (const writeId of this.#namedBySlices()) {
      const blob = this.#found.whole.get(writeId);
      if (blob === undefined) continue;
      partNumber++;
      for (const { segment } of blob.ref.extents) segments.add(segment);
      const part = { partNumber, size: blob.ref.size, etag: '', lastModifiedMs: 0 };
      await this.#submit({ type: 'put-part', ...upload, ...part, content: { kind: 'new', location: blob.ref } });
    }
    await this.#settled();
    for (const segment of segments) await this.#learnIds(segment);
    return bucketId;
  }

  #namedBySlices(): Set<string> {
    const { versions, parts, annotations } = this.#catalogue;
    const entries = [...versions.values(), ...parts.values(), ...annotations.values()].flat();
    const slices = entries.flatMap(({ description }) => ('slices' in description && description.slices) || []);
    return new Set(slices.map(([writeId]) => writeId));
  }

  async #learnIds(segment: string): Promise<void> {
    for (let after = 0, more = true; more; ) {
      const page = await this.#parts.index.listSegmentBlobs(segment, { after, limit: pageSize });
      for (const { blob, location } of page)
        if (location.writeId !== undefined) this.#shared.set(location.writeId, blob);
      after = page.at(-1)?.blob ?? after;
      more = page.length === pageSize;
    }
  }

  /**
   * First the null versions, while the bucket is as if it had never been versioned; then those with ids, with versioning
   * enabled; then null markers, which only a suspended bucket makes. Order within a key is that of ordinals in any case.
   */
  async #restoreBucket(name: string): Promise<void> {
    const versions = this.#catalogue.versions.get(name) ?? [];
    const bucketId = await this.#createBucket(name, versions);
    const isNull = ({ description }: VersionEntry) => description.versionId === 'null';
    const isMarker = ({ description }: VersionEntry) => description.kind === 'marker';
    for (const entry of versions) if (isNull(entry) && !isMarker(entry)) await this.#restoreVersion(bucketId, entry);
    const named = versions.filter((entry) => !isNull(entry));
    const nullMarkers = versions.filter((entry) => isNull(entry) && isMarker(entry));
    await this.#settled();
    if (named.length > 0) await this.#submit({ type: 'set-versioning', bucketId, versioning: 'Enabled' });
    for (const entry of named) await this.#restoreVersion(bucketId, entry);
    await this.#settled();
    if (nullMarkers.length > 0) await this.#submit({ type: 'set-versioning', bucketId, versioning: 'Suspended' });
    for (const entry of nullMarkers) await this.#restoreVersion(bucketId, entry);
    await this.#settled();
    await this.#restoreAnnotations(name, bucketId);
    for (const entry of this.#catalogue.uploads) {
      if (entry.description.bucket === name) await this.#restoreUpload(bucketId, entry);
    }
    await this.#restoreSettings(name, bucketId);
    await this.#settled();
    await this.#restoreObjectLock(name, bucketId);
  }

  /** Last, as versioning has to be enabled for it and stays so. What is locked shows that its bucket has it, whatever else is lost. */
  async #restoreObjectLock(name: string, bucketId: number): Promise<void> {
    const versions = this.#catalogue.versions.get(name) ?? [];
    const isLocked = versions.some(({ description }) => 'attributes' in description && description.attributes.lock);
    const copied = this.#copiedSettings(name)?.configs[objectLockKind];
    const document = copied ?? this.#catalogue.buckets.get(name)?.description.configs[objectLockKind];
    if (document === undefined && !isLocked) return;
    await this.#submit({ type: 'set-versioning', bucketId, versioning: 'Enabled' });
    await this.#submit({ type: 'set-bucket-config', bucketId, kind: objectLockKind, document: document ?? '{}' });
    await this.#settled();
  }

  /** As they were copied last, if it is the same bucket; else it has what it was made with. */
  async #restoreSettings(name: string, bucketId: number): Promise<void> {
    const made = this.#catalogue.buckets.get(name)?.description;
    const copied = this.#copiedSettings(name);
    if (copied === undefined) return;
    const { versioning, configs } = copied;
    if (versioning !== 'Unversioned') await this.#submit({ type: 'set-versioning', bucketId, versioning });
    for (const kind of new Set([...Object.keys(made?.configs ?? {}), ...Object.keys(configs)])) {
      if (kind === objectLockKind) continue;
      await this.#submit({ type: 'set-bucket-config', bucketId, kind, document: configs[kind] ?? null });
    }
  }

  #copiedSettings(name: string): Settings['buckets'][number] | undefined {
    const made = this.#catalogue.buckets.get(name)?.description;
    const copied = this.#parts.settings?.buckets.find((bucket) => bucket.name === name);
    return made === undefined || made.createdMs === copied?.createdMs ? copied : undefined;
  }

  async #restoreIdentities(): Promise<void> {
    const { index, settings } = this.#parts;
    if (settings === undefined || settings.identities.length === 0) return;
    const { revision } = await index.getIdentities();
    await index.submit({ type: 'set-identities', revision, changes: settings.identities });
  }

  async #createBucket(name: string, versions: readonly VersionEntry[]): Promise<number> {
    const { index, region, nowMs } = this.#parts;
    const entry = this.#catalogue.buckets.get(name);
    const first = versions[0]?.description;
    const owner = first === undefined ? '' : first.kind === 'marker' ? first.owner : first.attributes.owner;
    const facts = entry?.description ?? { region, owner, createdMs: nowMs, configs: {} };
    if (entry === undefined) this.#lost.push(`bucket ${name}: what it was made with; its owner is that of an object`);
    const { [objectLockKind]: _later, ...configs }: Readonly<Record<string, string>> = facts.configs;
    const { bucketId } = await index.submit({
      ...{ type: 'create-bucket', name, region: facts.region, owner: facts.owner, createdMs: facts.createdMs },
      configs,
      ...manifestOf(entry),
    });
    this.#counts.buckets++;
    return bucketId;
  }

  async #restoreVersion(bucketId: number, entry: VersionEntry): Promise<void> {
    const { description } = entry;
    if (description.kind === 'completion') return this.#restoreCompletion(bucketId, entry, description);
    const { key, versionId, ordinal, lastModifiedMs } = description;
    if (description.kind === 'marker') {
      const marker = { bucketId, key, markerId: versionId, ordinal, owner: description.owner, lastModifiedMs };
      this.#counts.deleteMarkers++;
      return this.#submit({ type: 'delete-current', ...marker, ...manifestOf(entry) });
    }
    const content = this.#contentOf(entry, description.slices);
    if (content === undefined) return this.#lose(description);
    this.#counts.versions++;
    const { size, etag, checksum, attributes } = description;
    const facts = { bucketId, key, versionId, ordinal, lastModifiedMs, size, etag, attributes };
    const more = { ...(checksum !== undefined && { checksum }), ...manifestOf(entry) };
    await this.#submit({ type: 'put-version', ...facts, ...more, content });
  }

  async #restoreCompletion(
    bucketId: number,
    entry: VersionEntry,
    description: Entry<'completion'>['description'],
  ): Promise<void> {
    const { key, uploadId, attributes, lastModifiedMs } = description;
    const stored = this.#catalogue.parts.get(uploadId) ?? [];
    const chosen = description.parts.map(([partNumber, etag]) => {
      const isIt = (part: Entry<'part'>) =>
        part.description.partNumber === partNumber && part.description.etag === etag;
      const part = stored.find(
        (candidate) => isIt(candidate) && this.#contentOf(candidate, candidate.description.slices),
      );
      return part && { part, content: this.#contentOf(part, part.description.slices) };
    });
    if (chosen.some((part) => part?.content === undefined)) return this.#lose(description);
    this.#counts.versions++;
    await this.#submit({ type: 'create-upload', bucketId, key, uploadId, initiatedMs: lastModifiedMs, attributes });
    for (const part of chosen) if (part?.content) await this.#submitPart(bucketId, part.part, part.content);
    const { versionId, ordinal, size, etag, checksum } = description;
    await this.#submit({
      ...{ type: 'complete-upload', bucketId, key, uploadId, versionId, ordinal, lastModifiedMs, size, etag },
      ...(checksum !== undefined && { checksum }),
      ...manifestOf(entry),
      parts: description.parts.map(([partNumber, partEtag]) => ({ partNumber, etag: partEtag })),
    });
  }

  /**
   * Those of versions that are there. Of a null version the last one counts, and what was written onto it was so after it was made: that of
   * one that was replaced says an earlier place.
   */
  async #restoreAnnotations(name: string, bucketId: number): Promise<void> {
    const versions = this.#catalogue.versions.get(name) ?? [];
    const places = new Map(
      versions.map(({ description: { key, versionId, ordinal } }) => [JSON.stringify([key, versionId]), ordinal]),
    );
    for (const entry of this.#catalogue.annotations.get(name) ?? []) {
      const { bucket: _, key, versionId, ordinal, ...described } = entry.description;
      const place = places.get(JSON.stringify([key, versionId]));
      if (place === undefined || (versionId === nullVersionId && ordinal < place)) continue;
      const content = this.#contentOf(entry, entry.description.slices);
      if (content === undefined) {
        this.#lose(entry.description);
        continue;
      }
      const { name: called, size, etag, checksum, lastModifiedMs } = described;
      const facts = { name: called, size, etag, lastModifiedMs, ...(checksum !== undefined && { checksum }) };
      const submitted = this.#parts.index.submit({
        ...{ type: 'put-annotation', bucketId, key, versionId },
        annotation: { ...facts, content, ...manifestOf(entry) },
      });
      const passed = submitted.catch(passByGoneVersions);
      // As in `#submit`.
      passed.catch(() => {});
      this.#underWay.push(passed);
      if (this.#underWay.length >= underWayMax) await this.#settled();
    }
    await this.#settled();
  }

  async #restoreUpload(bucketId: number, entry: Entry<'upload' | 'part'>): Promise<void> {
    const { description } = entry;
    const { key, uploadId } = description;
    const { initiatedMs, attributes, checksumAlgorithm, checksumType } =
      description.kind === 'part' ? description.upload : description;
    this.#counts.uploads++;
    await this.#submit({
      ...{ type: 'create-upload', bucketId, key, uploadId, initiatedMs, attributes },
      ...(checksumAlgorithm !== undefined && { checksumAlgorithm }),
      ...(checksumType !== undefined && { checksumType }),
      ...(description.kind === 'upload' && manifestOf(entry)),
    });
    const seen = new Set<number>();
    for (const part of this.#catalogue.parts.get(uploadId) ?? []) {
      const content = this.#contentOf(part, part.description.slices);
      if (content === undefined || seen.has(part.description.partNumber)) continue;
      seen.add(part.description.partNumber);
      await this.#submitPart(bucketId, part, content);
    }
  }

  async #submitPart(bucketId: number, entry: Entry<'part'>, content: Content): Promise<void> {
    const { key, uploadId, partNumber, size, etag, lastModifiedMs, checksum } = entry.description;
    const facts = { bucketId, key, uploadId, partNumber, size, etag, lastModifiedMs };
    const more = { ...(checksum !== undefined && { checksum }), ...manifestOf(entry) };
    await this.#submit({ type: 'put-part', ...facts, ...more, content });
  }

  /** Bytes of a row: a blob of its own, which others may share, or slices of others. Undefined if some are lost. */
  #contentOf({ bytes, description }: Entry, slices: readonly NamedSlice[] | undefined): Content | undefined {
    if (bytes !== undefined) {
      const { writeId, size } = bytes.ref;
      const blob = this.#shared.get(writeId);
      const sealed = sealedBy(description);
      if (blob === undefined) return { kind: 'new', location: bytes.ref, ...(sealed && { sealed }) };
      return { kind: 'shared', slices: [{ blob, offset: 0, length: size, ...sealed }] };
    }
    if (slices === undefined || slices.length === 0) return { kind: 'new', location: { size: 0, extents: [] } };
    const shared = slices.flatMap(([writeId, offset, length, envelope]) => {
      const blob = this.#shared.get(writeId);
      return blob === undefined ? [] : [{ blob, offset, length, ...(envelope !== undefined && { envelope }) }];
    });
    return shared.length === slices.length ? { kind: 'shared', slices: shared } : undefined;
  }

  #lose(description: Parameters<typeof nameOf>[0]): void {
    this.#lost.push(`${nameOf(description)}: bytes of it are missing`);
  }

  async #submit(command: Command): Promise<void> {
    const submitted = this.#parts.index.submit(command);
    // Met by `settled`; until then it must not end the process.
    submitted.catch(() => {});
    this.#underWay.push(submitted);
    if (this.#underWay.length >= underWayMax) await this.#settled();
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#underWay.splice(0));
  }
}

/** A version whose bytes are lost is not restored, nor what was written onto it. */
function passByGoneVersions(error: unknown): void {
  if (!isRejection(error, 'NoSuchVersion')) throw error;
}

/** What a label says of how its blob is encrypted. */
function sealedBy(description: Description): NewContent['sealed'] {
  if (!('envelope' in description) || description.envelope === undefined) return undefined;
  return { envelope: description.envelope, length: description.size };
}

function manifestOf(entry: Entry | undefined) {
  return entry?.manifest === undefined ? {} : { manifest: entry.manifest };
}

function nameOf(described: { bucket: string; key: string; versionId?: string; name?: string }): string {
  const { bucket, key, versionId, name } = described;
  const version = versionId === undefined ? `${bucket}/${key}` : `${bucket}/${key}, version ${versionId}`;
  return name === undefined ? version : `${version}, annotation ${name}`;
}
