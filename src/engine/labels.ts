/**
 * Labels of blobs: JSON in the stripe directory that tells all a rebuild of the index needs to know of the blob. A label is
 * written with the bytes, before the commit: that a label exists does not say that its version was ever acknowledged.
 * Of a body too large to be packed, the label's ordinal is that of the body's end, a moment before the commit's; if the
 * bucket's versioning changes in that moment, the version id is that of the state before.
 */
import type { Annotation, Bucket, Checksum, ObjectAttributes, Part, Upload, Version } from '../meta/records.ts';

export interface LabelBase {
  readonly v: 1;
  readonly bucket: string;
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly checksum?: Checksum;
  readonly lastModifiedMs: number;
  /** The blob's data key, sealed, where the blob is encrypted. */
  readonly envelope?: string;
}

export interface VersionLabel extends LabelBase {
  readonly kind: 'version';
  /** When it was described anew, as its storage class or its lock was changed: of two descriptions with one ordinal and one revision of the lock the later one counts. */
  readonly transitionedMs?: number;
  readonly versionId: string;
  readonly ordinal: number;
  readonly attributes: ObjectAttributes;
}

/** Carries the upload with it: a rebuild finds uploads only by their parts. */
export interface PartLabel extends LabelBase {
  readonly kind: 'part';
  readonly uploadId: string;
  readonly partNumber: number;
  readonly upload: Pick<Upload, 'initiatedMs' | 'attributes' | 'checksumAlgorithm' | 'checksumType'>;
}

/** Says whose it is: a version by its id, and one without an id by its place. */
export interface AnnotationLabel extends LabelBase {
  readonly kind: 'annotation';
  readonly versionId: string;
  readonly ordinal: number;
  readonly name: string;
}

export type BlobLabel = VersionLabel | PartLabel | AnnotationLabel;

export function encodeLabel(label: BlobLabel): Uint8Array {
  return Buffer.from(JSON.stringify(label));
}

/** The label of a version about to be committed. */
export function versionLabel(
  bucket: Bucket,
  version: Version,
  more: Pick<VersionLabel, 'transitionedMs' | 'envelope'> = {},
): Uint8Array {
  const { key, versionId, ordinal, size, etag, checksum, lastModifiedMs, attributes } = version;
  return encodeLabel({
    v: 1,
    kind: 'version',
    bucket: bucket.name,
    key,
    versionId,
    ordinal,
    size,
    etag,
    ...(checksum !== undefined && { checksum }),
    lastModifiedMs,
    attributes,
    ...more,
  });
}

/** The label of a part about to be committed. */
export function partLabel(
  bucket: Bucket,
  upload: Upload,
  part: Part,
  more: Pick<PartLabel, 'envelope'> = {},
): Uint8Array {
  return encodeLabel({ ...describePart(bucket, upload, part), ...more });
}

/** The label of an annotation about to be committed. */
export function annotationLabel(
  bucket: Bucket,
  version: Version,
  annotation: Annotation,
  more: Pick<AnnotationLabel, 'envelope'> = {},
): Uint8Array {
  return encodeLabel({ ...describeAnnotation(bucket, version, annotation), ...more });
}

export function describeAnnotation(
  bucket: Bucket,
  { key, versionId, ordinal }: Version,
  annotation: Annotation,
): AnnotationLabel {
  return { v: 1, kind: 'annotation', bucket: bucket.name, key, versionId, ordinal, ...annotation };
}

export function describePart(bucket: Bucket, upload: Upload, part: Part): PartLabel {
  const { partNumber, size, etag, checksum, lastModifiedMs } = part;
  const { key, uploadId, initiatedMs, attributes, checksumAlgorithm, checksumType } = upload;
  return {
    v: 1,
    kind: 'part',
    bucket: bucket.name,
    key,
    uploadId,
    partNumber,
    size,
    etag,
    ...(checksum !== undefined && { checksum }),
    lastModifiedMs,
    upload: {
      initiatedMs,
      attributes,
      ...(checksumAlgorithm !== undefined && { checksumAlgorithm }),
      ...(checksumType !== undefined && { checksumType }),
    },
  };
}
