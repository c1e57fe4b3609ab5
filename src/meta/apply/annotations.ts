/** Commands on annotations of versions. */
import type { AnnotationResults, DeleteAnnotation, NewAnnotation, PutAnnotation } from '../annotation-commands.ts';
import { CommandRejected } from '../commands.ts';
import { encodeKey } from '../keys.ts';
import type { Bucket, EventFacts } from '../records.ts';
import type { AnnotatedName, AnnotationRow } from '../tables/annotations.ts';
import { packChecksum } from '../tables/packing.ts';
import type { VersionRow } from '../tables/versions.ts';
import { requireBucket, requireEtag } from './conditions.ts';
import { releaseManifest, releaseSlices, takeContent, takeManifest } from './content.ts';
import { checkUnlocked } from './locks.ts';
import { announce } from './outbox.ts';
import type { Transaction } from './transaction.ts';

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/annotations-overview.html#annotations-limits */
const annotationsMax = 1000;

export function putAnnotation(transaction: Transaction, command: PutAnnotation): void {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = requireAnnotated(transaction, command);
  const { annotation } = command;
  const known = transaction.annotations.get(row, Buffer.from(annotation.name));
  if (known === undefined && transaction.annotations.count(row) >= annotationsMax) {
    throw new CommandRejected('TooManyAnnotations', `Version ${row.versionId} has ${annotationsMax} annotations.`);
  }
  transaction.annotations.put(holdAnnotation(transaction, row, annotation));
  if (known !== undefined) release(transaction, known);
  const { name, size, etag } = annotation;
  tell(transaction, { bucket, row, command }, { name, size, etag });
}

export function deleteAnnotation(
  transaction: Transaction,
  command: DeleteAnnotation,
): AnnotationResults['delete-annotation'] {
  const bucket = requireBucket(transaction, command.bucketId);
  const row = requireAnnotated(transaction, command);
  const known = transaction.annotations.get(row, Buffer.from(command.name));
  if (known === undefined) return { deleted: false };
  transaction.annotations.remove(known);
  release(transaction, known);
  tell(transaction, { bucket, row, command }, { name: command.name });
  return { deleted: true };
}

/** Takes hold of what an annotation of a version has, for its row, which is to be put. */
export function holdAnnotation(transaction: Transaction, of: AnnotatedName, annotation: NewAnnotation): AnnotationRow {
  const { bucketId, key, ordinal } = of;
  const { name, size, etag, checksum, lastModifiedMs, content, manifest } = annotation;
  return {
    ...{ bucketId, key, ordinal, name: Buffer.from(name), size, etag, lastModifiedMs },
    checksum: packChecksum(checksum),
    slices: takeContent(transaction, content),
    manifest: takeManifest(transaction, manifest),
  };
}

function release(transaction: Transaction, { slices, manifest }: Pick<AnnotationRow, 'slices' | 'manifest'>): void {
  releaseSlices(transaction, slices);
  releaseManifest(transaction, manifest);
}

function requireAnnotated(
  transaction: Transaction,
  { bucketId, key, versionId, ordinal, ifMatch, locks }: PutAnnotation | DeleteAnnotation,
): VersionRow {
  const row = transaction.versions.byId(bucketId, encodeKey(key), versionId);
  if (row === undefined || row.isDeleteMarker === 1) {
    throw new CommandRejected('NoSuchVersion', `Version ${versionId} does not exist.`);
  }
  if (ordinal !== undefined && row.ordinal !== ordinal) {
    throw new CommandRejected('VersionChanged', `Version ${versionId} is another one by now.`);
  }
  if (ifMatch !== undefined) requireEtag(ifMatch, row);
  if (locks !== undefined) checkUnlocked(row, locks);
  return row;
}

function tell(
  transaction: Transaction,
  { bucket, row, command }: { bucket: Bucket; row: VersionRow; command: PutAnnotation | DeleteAnnotation },
  annotation: NonNullable<EventFacts['annotation']>,
): void {
  const { notice } = command;
  const { key, versionId, size, etag } = row;
  const telling = notice && { ...notice, facts: { ...notice.facts, annotation } };
  announce(transaction, bucket, telling, { key, versionId, size, etag });
}
