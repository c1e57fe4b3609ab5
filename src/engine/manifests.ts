/**
 * Manifests: tiny blobs that describe rows of the index which no bytes of their own describe, as empty objects, copies,
 * completed uploads, delete markers, uploads and buckets. The row holds its manifest for as long as it lives. What a manifest
 * says is JSON in its data; its label says only that it is one. Blobs are named by their write ids, which stay theirs when
 * compaction moves them.
 */
import { BlobError, type BlobRef } from '../blob/types.ts';
import type { Content } from '../meta/commands.ts';
import type { BucketConfigKind, Checksum, ObjectAttributes, Slice, Upload } from '../meta/records.ts';
import type { EngineContext } from './context.ts';
import type { AnnotationLabel, PartLabel, VersionLabel } from './labels.ts';

/** Bytes of a blob: its write id, offset, length, and of an encrypted one its envelope. */
export type NamedSlice = readonly [writeId: string, offset: number, length: number, envelope?: string];

export interface BucketManifest {
  readonly v: 1;
  readonly kind: 'bucket';
  readonly name: string;
  readonly region: string;
  readonly owner: string;
  readonly createdMs: number;
  readonly configs: Readonly<Record<BucketConfigKind, string>>;
}

/** A version whose bytes are those of other blobs, or none. */
export interface SharingManifest extends VersionLabel {
  readonly slices: readonly NamedSlice[];
}

/** A version that an upload became: of the parts that carry its upload id, these. */
export interface CompletionManifest extends Omit<VersionLabel, 'kind'> {
  readonly kind: 'completion';
  readonly uploadId: string;
  readonly parts: readonly (readonly [partNumber: number, etag: string])[];
}

export interface MarkerManifest {
  readonly v: 1;
  readonly kind: 'marker';
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string;
  readonly ordinal: number;
  readonly owner: string;
  readonly lastModifiedMs: number;
}

export interface UploadManifest
  extends Pick<Upload, 'uploadId' | 'initiatedMs' | 'attributes' | 'checksumAlgorithm' | 'checksumType'> {
  readonly v: 1;
  readonly kind: 'upload';
  readonly bucket: string;
  readonly key: string;
}

export interface PartManifest extends PartLabel {
  readonly slices: readonly NamedSlice[];
}

/** An annotation of a copy. */
export interface AnnotationManifest extends AnnotationLabel {
  readonly slices: readonly NamedSlice[];
}

export type Manifest =
  | BucketManifest
  | SharingManifest
  | CompletionManifest
  | MarkerManifest
  | UploadManifest
  | PartManifest
  | AnnotationManifest;

const manifestLabel = Buffer.from('{"v":1,"kind":"manifest"}');

/** What a version says of itself, for its manifest. */
export function describeVersion(version: {
  readonly key: string;
  readonly versionId: string;
  readonly ordinal: number;
  readonly size: number;
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly lastModifiedMs: number;
  readonly attributes: ObjectAttributes;
}) {
  const { key, versionId, ordinal, size, etag, checksum, lastModifiedMs, attributes } = version;
  return {
    ...({ v: 1, key, versionId, ordinal, size, etag, lastModifiedMs, attributes } as const),
    ...(checksum !== undefined && { checksum }),
  };
}

/** The slices by the names that their blobs keep. */
export async function nameSlices({ blobs }: EngineContext, slices: readonly Slice[]): Promise<NamedSlice[]> {
  return Promise.all(
    slices.map(async ({ location, offset, length, envelope }): Promise<NamedSlice> => {
      const writeId = location.writeId ?? (await blobs.labelOf(location)).writeId;
      return envelope === undefined ? [writeId, offset, length] : [writeId, offset, length, envelope];
    }),
  );
}

/** Content of a row that shares the bytes of others. */
export function sharedContent(slices: readonly Slice[]): Content {
  if (slices.length === 0) return { kind: 'new', location: { size: 0, extents: [] } };
  return { kind: 'shared', slices: slices.map(({ location: _, ...shared }) => shared) };
}

/**
 * Submits a command with a manifest, which is placed in the same tick. While too few disks take writes there is none: what
 * needs no other write goes on without.
 */
export async function withManifest<T>(
  { blobs }: EngineContext,
  manifest: Manifest,
  submit: (held: { readonly manifest?: BlobRef }) => Promise<T>,
): Promise<T> {
  const bytes = Buffer.from(JSON.stringify(manifest));
  // What removes something must work on a full disk too.
  const options = { usesReserve: manifest.kind === 'marker' };
  let ref: BlobRef | undefined;
  try {
    if (bytes.length <= blobs.placeLimitBytes) ref = blobs.place(bytes, manifestLabel, options);
    else ref = await blobs.write(once(bytes), async () => manifestLabel, options);
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
  }
  try {
    return await submit(ref === undefined ? {} : { manifest: ref });
  } finally {
    if (ref !== undefined) blobs.release(ref);
  }
}

/** Places manifests of one command, in the tick in which it is submitted; with too few disks that take writes there are none. */
export function placeManifests(
  { blobs }: EngineContext,
  manifests: readonly AnnotationManifest[],
): { readonly refs: readonly (BlobRef | undefined)[]; release(): void } {
  const refs = manifests.map((manifest) => {
    try {
      return blobs.place(Buffer.from(JSON.stringify(manifest)), manifestLabel);
    } catch (error) {
      if (!(error instanceof BlobError)) throw error;
      return undefined;
    }
  });
  return {
    refs,
    release() {
      for (const ref of refs) if (ref !== undefined) blobs.release(ref);
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
