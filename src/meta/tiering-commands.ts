/** Commands on the access tiers of Intelligent-Tiering, as `commands.ts` has the others. */
import type { SeenVersion } from './command-parts.ts';
import type { Announced } from './notices.ts';
import type { Tiering } from './records.ts';

/**
 * Remembers when versions were read. Those that are gone, in another storage class or still in
 * an archive tier are left as they are.
 */
export interface NoteAccesses {
  readonly type: 'note-accesses';
  readonly accesses: readonly {
    readonly bucketId: number;
    readonly key: string;
    readonly ordinal: number;
    readonly atMs: number;
  }[];
}

/**
 * Moves a version to an archive tier, or begins to restore it from one. Rejected with `VersionChanged` if it is not what was
 * seen, does not say `before` any more, or is in another storage class.
 */
export interface SetVersionTiering extends Announced {
  readonly type: 'set-version-tiering';
  readonly bucketId: number;
  readonly key: string;
  /** Always named: the engine resolved the current one. */
  readonly versionId: string;
  readonly tiering: Tiering;
  /** What it was decided on; absent for a version of which nothing was known. */
  readonly before?: Tiering;
  readonly seen?: SeenVersion;
  /** When something is to be told of the restore. */
  readonly dueMs?: number;
}
