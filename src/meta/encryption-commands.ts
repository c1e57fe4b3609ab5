/** Commands on how versions are encrypted, as `commands.ts` has the others. */
import type { Described } from './command-parts.ts';
import type { SeenLocked } from './lock-commands.ts';
import type { UnderKms } from './object-encryption.ts';

/**
 * Says under which key of KMS a version is from now on; its bytes and their envelopes stay. Rejected with `ObjectLocked` for a version that
 * is locked, and with `VersionChanged` if the version is not what was seen: its manifest describes all of it.
 */
export interface SetVersionEncryption extends Described {
  readonly type: 'set-version-encryption';
  readonly bucketId: number;
  readonly key: string;
  /** Always named: the engine resolved the current one. */
  readonly versionId: string;
  readonly encryption: UnderKms;
  /** When it was decided, which says which retentions are over. */
  readonly atMs: number;
  readonly seen: SeenLocked;
}
