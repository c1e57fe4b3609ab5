/** Versions that commands describe as a whole: each must still be what was seen when it was described. */
import { CommandRejected } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { SetVersionLock } from '../lock-commands.ts';
import { encryptionRevision } from '../object-encryption.ts';
import type { BlobLocation } from '../records.ts';
import { unpackEncryption, unpackLock } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import { releaseManifest, takeManifest } from './content.ts';
import type { Transaction } from './transaction.ts';

/** What makes a lock and an encryption other ones. */
export type SeenRevisions = Pick<SetVersionLock['seen'], 'lockRevision' | 'encryptionRevision'>;

/** The version of a command that describes all of it, if it still is what was seen. */
export function requireSeen(
  transaction: Transaction,
  { bucketId, key, versionId, seen }: Pick<SetVersionLock, 'bucketId' | 'key' | 'versionId' | 'seen'>,
): VersionRow {
  const row = transaction.versions.byId(bucketId, encodeKey(key), versionId);
  if (row === undefined || row.isDeleteMarker === 1) {
    throw new CommandRejected('NoSuchVersion', `Version ${versionId} does not exist.`);
  }
  if (row.ordinal !== seen.ordinal || row.storageClass !== seen.storageClass) {
    throw new CommandRejected('VersionChanged', 'The version is another, or has another storage class by now.');
  }
  checkRevisionsSeen(row, seen);
  return row;
}

/** What described the version before says less than it is now. */
export function describeAnew(transaction: Transaction, row: VersionRow, manifest: BlobLocation | undefined): void {
  const described = takeManifest(transaction, manifest);
  if (described === null) return;
  releaseManifest(transaction, row.manifest);
  transaction.versions.setManifest(row, described);
}

/** Whether lock and encryption are those that were seen. */
export function checkRevisionsSeen(row: VersionRow, seen: SeenRevisions): void {
  if (unpackLock(row.details)?.revision !== seen.lockRevision) {
    throw new CommandRejected('VersionChanged', 'The version has another lock by now.');
  }
  if (encryptionRevision(unpackEncryption(row.details)) !== seen.encryptionRevision) {
    throw new CommandRejected('VersionChanged', 'The version is under another key by now.');
  }
}
