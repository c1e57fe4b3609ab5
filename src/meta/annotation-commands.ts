/** Commands on annotations of versions, as `commands.ts` has the others. */
import type { Content, Described } from './command-parts.ts';
import type { AgainstLocks } from './lock-commands.ts';
import type { Announced } from './notices.ts';
import type { Annotation } from './records.ts';

/** An annotation as a command brings it. Its bytes describe it, or its manifest does where they are shared. */
export interface NewAnnotation extends Pick<Annotation, 'name' | 'size' | 'etag' | 'checksum'>, Described {
  readonly lastModifiedMs: number;
  readonly content: Content;
}

/** What names the version: always its id, as the engine resolved the current one, and where it matters its ordinal. */
interface Annotated {
  readonly bucketId: number;
  readonly key: string;
  readonly versionId: string;
  /** Its bytes are encrypted as those of the version that was seen: rejected with `VersionChanged` if that is another one by now. */
  readonly ordinal?: number;
  /** ETags of which the version must have one, without quotes; `*` is any. */
  readonly ifMatch?: readonly string[];
  /** How the change stands to locks of the version; absent where none is in the way, as in an index that is made anew. */
  readonly locks?: AgainstLocks;
}

/**
 * Puts an annotation onto a version, in the place of one of the same name. Rejected with `ObjectLocked` for a version that is locked, and
 * with `TooManyAnnotations` if there are as many as there may be.
 */
export interface PutAnnotation extends Annotated, Announced {
  readonly type: 'put-annotation';
  readonly annotation: NewAnnotation;
}

/** Removes an annotation, if it is there. Rejected with `ObjectLocked` for a version that is locked. */
export interface DeleteAnnotation extends Annotated, Announced {
  readonly type: 'delete-annotation';
  readonly name: string;
}

export type AnnotationCommand = PutAnnotation | DeleteAnnotation;

/** What `submit` resolves to. */
export interface AnnotationResults {
  'delete-annotation': { readonly deleted: boolean };
}
