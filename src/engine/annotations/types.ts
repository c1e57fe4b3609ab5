/** Annotations as operations see them. */
import type { ChecksumAlgorithm } from '../../lib/digests/algorithms.ts';
import type { Annotation, Bucket, EventCause, Version } from '../../meta/records.ts';
import type { AnnotationPage, AnnotationQuery, StoredAnnotation } from '../../meta/types.ts';
import type { BodyRead, BodySource } from '../body-types.ts';

export type { Annotation, AnnotationPage, StoredAnnotation };

/** A change of what is on a version that was just found. */
interface AnnotationChange {
  readonly bucket: Bucket;
  readonly version: Version;
  readonly name: string;
  /** ETags of which the version must have one, without quotes. */
  readonly ifMatch?: readonly string[];
  /** Whether a version that is retained in governance mode is changed. */
  readonly bypassesGovernance?: boolean;
  readonly cause?: EventCause | undefined;
}

export interface AnnotationPut extends AnnotationChange {
  readonly source: BodySource;
}

/** Whose annotations a copy has. */
export interface AnnotationSource {
  readonly version: Version;
  /** That the client asked for; without it each keeps its own. */
  readonly checksumAlgorithm?: ChecksumAlgorithm | undefined;
}

export interface Annotations {
  /**
   * Writes an annotation, in the place of one of the same name; it is encrypted as its version. Throws PreconditionFailed, ObjectLocked,
   * TooManyAnnotations, AnnotationUnderCustomerKey, and as `find` of objects for a version that is gone.
   */
  put(request: AnnotationPut): Promise<Annotation>;
  /** Throws NoSuchAnnotation. */
  find(version: Version, name: string): Promise<StoredAnnotation>;
  /** The bytes. The caller must finish or return the iterator. */
  read(version: Version, found: StoredAnnotation): Promise<BodyRead>;
  /** By the bytes of their names. */
  list(version: Version, query: AnnotationQuery): Promise<AnnotationPage>;
  /** Removes an annotation, if it is there. Throws as `put`. */
  delete(request: AnnotationChange): Promise<void>;
}
