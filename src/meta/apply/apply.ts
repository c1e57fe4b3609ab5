/**
 * The one function that changes the index. It is deterministic: the same commands in the same order make the same tables,
 * whenever and wherever they run, so replay of the log is the same code as service. It must therefore read nothing but
 * the command and the tables.
 */
import type { AddLogBatch, DropLogBatches } from '../access-log-commands.ts';
import type { AnnotationCommand } from '../annotation-commands.ts';
import type {
  Command,
  DropSegment,
  NoteLoss,
  OutboxCommand,
  RelocateBlob,
  SettleRestore,
  SetVersionAcl,
  SetVersionRestore,
  SetVersionTags,
} from '../commands.ts';
import type { SetVersionEncryption } from '../encryption-commands.ts';
import type { SetVersionLock } from '../lock-commands.ts';
import type { ReplicationCommand } from '../replication-commands.ts';
import type { NoteAccesses, SetVersionTiering } from '../tiering-commands.ts';
import { addLogBatch, dropLogBatches } from './access-logs.ts';
import { deleteAnnotation, putAnnotation } from './annotations.ts';
import { createBucket, deleteBucket, setBucketConfig, setVersioning } from './buckets.ts';
import { setVersionEncryption } from './encryption.ts';
import { setIdentities } from './identities.ts';
import { setVersionLock } from './locks.ts';
import { noteLoss } from './losses.ts';
import { dropEvents, postMessages, postTestEvents, replayEvents, settleEvents } from './outbox.ts';
import {
  noteReplication,
  queueReplication,
  retryReplication,
  setReplicaAttributes,
  settleReplication,
} from './replication.ts';
import { settleRestore, setVersionRestore } from './restores.ts';
import { dropSegment, relocateBlob } from './segments.ts';
import { noteAccesses, setVersionTiering } from './tiering.ts';
import type { Transaction } from './transaction.ts';
import { rewritePart, transitionVersion } from './transitions.ts';
import { abortUpload, completeUpload, createUpload, putPart } from './uploads.ts';
import { deleteCurrent, deleteVersion, putVersion, setVersionAcl, setVersionTags } from './versions.ts';

/** Executes a command; returns what `submit` resolves to. Throws CommandRejected, and then the caller undoes it. */
export function apply(transaction: Transaction, command: Command): unknown {
  switch (command.type) {
    case 'create-bucket':
      return createBucket(transaction, command);
    case 'delete-bucket':
      return deleteBucket(transaction, command);
    case 'set-versioning':
      return setVersioning(transaction, command);
    case 'set-bucket-config':
      return setBucketConfig(transaction, command);
    case 'put-version':
      return putVersion(transaction, command);
    case 'delete-current':
      return deleteCurrent(transaction, command);
    case 'delete-version':
      return deleteVersion(transaction, command);
    case 'set-version-tags':
    case 'set-version-acl':
    case 'set-version-lock':
    case 'set-version-encryption':
    case 'set-version-restore':
    case 'note-loss':
      return applyToAttributes(transaction, command);
    case 'put-annotation':
    case 'delete-annotation':
      return applyToAnnotations(transaction, command);
    case 'settle-restore':
    case 'note-accesses':
    case 'set-version-tiering':
      return applyToReadability(transaction, command);
    case 'transition-version':
      return transitionVersion(transaction, command);
    case 'rewrite-part':
      return rewritePart(transaction, command);
    case 'create-upload':
      return createUpload(transaction, command);
    case 'put-part':
      return putPart(transaction, command);
    case 'complete-upload':
      return completeUpload(transaction, command);
    case 'abort-upload':
      return abortUpload(transaction, command);
    case 'drop-segment':
    case 'relocate-blob':
      return applyToBytes(transaction, command);
    case 'save-job-state':
      return transaction.jobStates.save(command);
    case 'set-identities':
      return setIdentities(transaction, command);
    case 'post-messages':
    case 'post-test-events':
    case 'settle-events':
    case 'replay-events':
    case 'drop-events':
      return applyToOutbox(transaction, command);
    case 'set-replica-attributes':
    case 'settle-replication':
    case 'note-replication':
    case 'retry-replication':
    case 'queue-replication':
      return applyToReplication(transaction, command);
    case 'add-log-batch':
    case 'drop-log-batches':
      return applyToAccessLogs(transaction, command);
    case 'probe':
      return undefined;
    default:
      throw new Error(`The log holds a command this program does not know: ${JSON.stringify(command satisfies never)}`);
  }
}

/** What is said of a version. */
function applyToAttributes(
  transaction: Transaction,
  command: SetVersionTags | SetVersionAcl | SetVersionLock | SetVersionEncryption | SetVersionRestore | NoteLoss,
): unknown {
  switch (command.type) {
    case 'set-version-tags':
      return setVersionTags(transaction, command);
    case 'set-version-acl':
      return setVersionAcl(transaction, command);
    case 'set-version-lock':
      return setVersionLock(transaction, command);
    case 'set-version-encryption':
      return setVersionEncryption(transaction, command);
    case 'set-version-restore':
      return setVersionRestore(transaction, command);
    case 'note-loss':
      return noteLoss(transaction, command);
  }
}

/** Whether bytes of versions can be read, as it follows from time and reads. */
function applyToReadability(
  transaction: Transaction,
  command: SettleRestore | NoteAccesses | SetVersionTiering,
): unknown {
  switch (command.type) {
    case 'settle-restore':
      return settleRestore(transaction, command);
    case 'note-accesses':
      return noteAccesses(transaction, command);
    case 'set-version-tiering':
      return setVersionTiering(transaction, command);
  }
}

/** What is written onto a version. */
function applyToAnnotations(transaction: Transaction, command: AnnotationCommand): unknown {
  if (command.type === 'put-annotation') return putAnnotation(transaction, command);
  return deleteAnnotation(transaction, command);
}

/** Lines that wait for their delivery. */
function applyToAccessLogs(transaction: Transaction, command: AddLogBatch | DropLogBatches): unknown {
  if (command.type === 'add-log-batch') return addLogBatch(transaction, command);
  return dropLogBatches(transaction, command);
}

/** Where bytes lie, of whichever rows. */
function applyToBytes(transaction: Transaction, command: DropSegment | RelocateBlob): unknown {
  if (command.type === 'drop-segment') return dropSegment(transaction, command);
  return relocateBlob(transaction, command);
}

/** Events and messages on their way. */
function applyToOutbox(transaction: Transaction, command: OutboxCommand): unknown {
  switch (command.type) {
    case 'post-messages':
      return postMessages(transaction, command);
    case 'post-test-events':
      return postTestEvents(transaction, command);
    case 'settle-events':
      return settleEvents(transaction, command);
    case 'replay-events':
      return replayEvents(transaction, command);
    case 'drop-events':
      return dropEvents(transaction, command);
  }
}

/** Changes on their way to other buckets. */
function applyToReplication(transaction: Transaction, command: ReplicationCommand): unknown {
  switch (command.type) {
    case 'set-replica-attributes':
      return setReplicaAttributes(transaction, command);
    case 'settle-replication':
      return settleReplication(transaction, command);
    case 'note-replication':
      return noteReplication(transaction, command);
    case 'retry-replication':
      return retryReplication(transaction, command);
    case 'queue-replication':
      return queueReplication(transaction, command);
  }
}
