/** What the blobs that were found say there was: of each name the newest, and of uploads what was not completed. */
import type { BlobRef, BlobStore } from '../../blob/types.ts';
import { encryptionRevision } from '../../meta/object-encryption.ts';
import { stricterLock } from '../../meta/object-lock.ts';
import type { ObjectLock } from '../../meta/records.ts';
import { nullVersionId } from '../version-ids.ts';
import type { FoundBlob, FoundBlobs } from './blob-finder.ts';
import { type Description, type DescriptionOf, isManifestLabel, readDescription } from './descriptions.ts';

/** A row to restore: what describes it, and the blob that does, which has its bytes or is its manifest. */
interface Described<D extends Description> {
  readonly description: D;
  readonly bytes?: FoundBlob;
  readonly manifest?: BlobRef;
}
export type Entry<K extends Description['kind'] = Description['kind']> = Described<DescriptionOf<K>>;
export type VersionEntry = Entry<'version' | 'completion' | 'marker'>;

export interface Catalogue {
  readonly buckets: ReadonlyMap<string, Entry<'bucket'>>;
  /** Versions and markers by bucket, the newest of each version id. */
  readonly versions: ReadonlyMap<string, readonly VersionEntry[]>;
  /** Uploads that no version came of. */
  readonly uploads: readonly Entry<'upload' | 'part'>[];
  /** Of each bucket's objects, the last one of each name. */
  readonly annotations: ReadonlyMap<string, readonly Entry<'annotation'>[]>;
  /** Of each upload its parts, newest first. */
  readonly parts: ReadonlyMap<string, readonly Entry<'part'>[]>;
}

export async function readCatalogue(blobs: BlobStore, found: FoundBlobs): Promise<Catalogue> {
  const catalogue = new CatalogueBuilder(found);
  for (const blob of found.whole.values()) {
    if (isManifestLabel(blob.label)) {
      const description = readDescription(await readAll(blobs, blob.ref));
      if (description !== undefined) catalogue.add({ description, manifest: blob.ref });
    } else {
      const description = readDescription(blob.label);
      if (description !== undefined) catalogue.add({ description, bytes: blob });
    }
  }
  return catalogue.build();
}

class CatalogueBuilder {
  readonly #buckets = new Map<string, Entry<'bucket'>>();
  readonly #versions = new Map<string, Map<string, Candidate>>();
  readonly #found: FoundBlobs;
  readonly #completed = new Set<string>();
  readonly #uploads = new Map<string, Entry<'upload' | 'part'>>();
  readonly #parts = new Map<string, Entry<'part'>[]>();
  readonly #annotations = new Map<string, Map<string, Entry<'annotation'>>>();

  constructor(found: FoundBlobs) {
    this.#found = found;
  }

  add(entry: Entry): void {
    if (isOf(entry, 'bucket')) this.#addBucket(entry);
    else if (isOf(entry, 'upload')) this.#uploads.set(entry.description.uploadId, entry);
    else if (isOf(entry, 'part')) this.#addPart(entry);
    else if (isOf(entry, 'annotation')) this.#addAnnotation(entry);
    else if (isOf(entry, 'version') || isOf(entry, 'completion') || isOf(entry, 'marker')) this.#addVersion(entry);
  }

  build(): Catalogue {
    const parts = [...this.#parts.values()];
    for (const ofUpload of parts) ofUpload.sort((a, b) => b.description.lastModifiedMs - a.description.lastModifiedMs);
    return {
      buckets: this.#buckets,
      versions: new Map(
        Array.from(this.#versions, ([bucket, byName]) => [bucket, Array.from(byName.values(), withLatest)]),
      ),
      uploads: Array.from(this.#uploads.values()).filter(
        ({ description }) => !this.#completed.has(description.uploadId),
      ),
      parts: this.#parts,
      annotations: new Map(Array.from(this.#annotations, ([bucket, byName]) => [bucket, [...byName.values()]])),
    };
  }

  #addBucket(entry: Entry<'bucket'>): void {
    const known = this.#buckets.get(entry.description.name);
    if (known === undefined || known.description.createdMs < entry.description.createdMs) {
      this.#buckets.set(entry.description.name, entry);
    }
  }

  #addPart(entry: Entry<'part'>): void {
    const { uploadId } = entry.description;
    const known = this.#parts.get(uploadId);
    if (known === undefined) this.#parts.set(uploadId, [entry]);
    else known.push(entry);
    // A part tells of its upload too, should the upload's own manifest be lost.
    if (!this.#uploads.has(uploadId)) this.#uploads.set(uploadId, entry);
  }

  #addAnnotation(entry: Entry<'annotation'>): void {
    const { bucket, key, versionId, ordinal, name, lastModifiedMs } = entry.description;
    const byName = this.#annotations.get(bucket) ?? new Map<string, Entry<'annotation'>>();
    this.#annotations.set(bucket, byName);
    const fullName = JSON.stringify([key, versionId, versionId === nullVersionId ? ordinal : 0, name]);
    const known = byName.get(fullName);
    if (known === undefined || known.description.lastModifiedMs < lastModifiedMs) byName.set(fullName, entry);
  }

  #addVersion(entry: VersionEntry): void {
    const { description } = entry;
    if (description.kind === 'completion') this.#completed.add(description.uploadId);
    const byName = this.#versions.get(description.bucket) ?? new Map<string, Candidate>();
    this.#versions.set(description.bucket, byName);
    const name = JSON.stringify([description.key, description.versionId]);
    const candidate = {
      ...{ entry, hasBytes: this.#hasBytes(description) },
      ...{ lock: lockOf(description), encryption: encryptionOf(description) },
    };
    const known = byName.get(name);
    byName.set(name, known === undefined ? candidate : better(known, candidate));
  }

  /** Whether the blobs are there that it names. */
  #hasBytes(description: VersionEntry['description']): boolean {
    const slices = 'slices' in description ? (description.slices ?? []) : [];
    return slices.every(([writeId]) => this.#found.whole.has(writeId));
  }
}

/** What a version may have been at last. */
interface Candidate {
  readonly entry: VersionEntry;
  readonly hasBytes: boolean;
  /** The last one of all its descriptions. */
  readonly lock: ObjectLock | undefined;
  /** The same of its encryption. Whichever it is, it opens the bytes of all of them. */
  readonly encryption: Encryption;
}

type Encryption = DescriptionOf<'version'>['attributes']['encryption'];

function better(known: Candidate, other: Candidate): Candidate {
  const [one, two] = [known.entry.description, other.entry.description];
  if (one.ordinal !== two.ordinal) return one.ordinal > two.ordinal ? known : other;
  return {
    ...(isLater(other, known) ? other : known),
    lock: laterLock(known.lock, other.lock),
    encryption: laterEncryption(known.encryption, other.encryption),
  };
}

/** Whether one of two descriptions of a version says what became of it after the other one. */
function isLater(one: Candidate, other: Candidate): boolean {
  // What was described and never came about may name bytes that are gone since.
  if (one.hasBytes !== other.hasBytes) return one.hasBytes;
  // A description with another lock says nothing of moves before it; one of a move says what lock there was.
  const [revision, otherRevision] = [one, other].map(({ entry }) => lockOf(entry.description)?.revision ?? 0);
  if (revision !== otherRevision) return (revision ?? 0) > (otherRevision ?? 0);
  return transitionOf(one.entry.description) > transitionOf(other.entry.description);
}

/** Of two with one revision one was never committed, and nobody knows which. */
function laterLock(one: ObjectLock | undefined, other: ObjectLock | undefined): ObjectLock | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  if (one.revision !== other.revision) return one.revision > other.revision ? one : other;
  return stricterLock(one, other);
}

function lockOf(description: VersionEntry['description']): ObjectLock | undefined {
  return 'attributes' in description ? description.attributes.lock : undefined;
}

function encryptionOf(description: VersionEntry['description']): Encryption {
  return 'attributes' in description ? description.attributes.encryption : undefined;
}

function laterEncryption(one: Encryption, other: Encryption): Encryption {
  return (encryptionRevision(other) ?? 0) > (encryptionRevision(one) ?? 0) ? other : one;
}

function withLatest({ entry, lock, encryption }: Candidate): VersionEntry {
  const { description } = entry;
  if (!('attributes' in description)) return entry;
  const attributes = {
    ...description.attributes,
    ...(lock !== undefined && { lock }),
    // As long as it is what the version was written with, each description has it right.
    ...(encryptionRevision(encryption) !== undefined && { encryption }),
  };
  // Its kind and what goes with that stay as they are.
  return { ...entry, description: { ...description, attributes } } as VersionEntry;
}

function transitionOf(description: VersionEntry['description']): number {
  return ('transitionedMs' in description && description.transitionedMs) || 0;
}

function isOf<K extends Description['kind']>(entry: Entry, kind: K): entry is Entry<K> {
  return entry.description.kind === kind;
}

async function readAll(blobs: BlobStore, ref: BlobRef): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of blobs.read(ref, { start: 0, end: ref.size })) chunks.push(chunk);
  } catch {
    // As good as no manifest: what it described is among what is lost.
    return Buffer.alloc(0);
  }
  return Buffer.concat(chunks);
}
