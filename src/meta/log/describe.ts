/** Commands in plain words, for people. */
import type { AddLogBatch, DropLogBatches } from '../access-log-commands.ts';
import type { AnnotationCommand } from '../annotation-commands.ts';
import type {
  AbortUpload,
  Command,
  CompleteUpload,
  Content,
  CreateUpload,
  DeleteCurrent,
  DeleteVersion,
  DropSegment,
  NoteLoss,
  OutboxCommand,
  PutPart,
  RelocateBlob,
  SetIdentities,
  SettleRestore,
  SetVersionAcl,
  SetVersionRestore,
  SetVersionTags,
} from '../commands.ts';
import type { SetVersionEncryption } from '../encryption-commands.ts';
import type { SetVersionLock } from '../lock-commands.ts';
import type { BlobLocation } from '../records.ts';
import type { ReplicationCommand } from '../replication-commands.ts';
import type { NoteAccesses, SetVersionTiering } from '../tiering-commands.ts';

/** Name of a bucket by its id, if it is known. */
export type BucketName = (bucketId: number) => string | undefined;

/** One line that says what a command does. */
export function describeCommand(command: Command, nameOf: BucketName = () => undefined): string {
  const bucket = 'bucketId' in command ? (nameOf(command.bucketId) ?? `bucket ${command.bucketId}`) : '';
  const key = 'key' in command ? `${bucket}/${command.key}` : bucket;
  switch (command.type) {
    case 'create-bucket':
      return `create bucket ${command.name} in ${command.region}`;
    case 'delete-bucket':
      return `delete bucket ${bucket}`;
    case 'set-versioning':
      return `set versioning of ${bucket} to ${command.versioning}`;
    case 'set-bucket-config':
      return `${command.document === null ? 'remove' : 'set'} ${command.kind} of ${bucket}`;
    case 'put-version':
      return `put ${key} version ${command.versionId}, ${describeContent(command)}`;
    case 'delete-current':
      return `delete ${key}${causeOf(command)} (where versions are kept: by delete marker ${command.markerId})`;
    case 'delete-version':
      return `delete ${key} version ${command.versionId}${causeOf(command)}`;
    case 'set-version-tags':
    case 'set-version-acl':
    case 'put-annotation':
    case 'delete-annotation':
      return describeSaid(command, key);
    case 'set-version-lock':
    case 'set-version-encryption':
      return describeProtection(command, key);
    case 'set-version-restore':
    case 'settle-restore':
    case 'note-loss':
      return describeReadability(command, key);
    case 'note-accesses':
    case 'set-version-tiering':
      return describeTiering(command, key);
    case 'transition-version':
      return `move ${key} version ${command.versionId} from ${command.from} to ${command.to}`;
    case 'rewrite-part':
      return `write part ${command.partNumber} of ${key} anew`;
    case 'create-upload':
    case 'put-part':
    case 'complete-upload':
    case 'abort-upload':
      return describeUpload(command, key);
    case 'drop-segment':
    case 'relocate-blob':
      return describeBytes(command);
    case 'save-job-state':
      return `remember where ${command.job} goes on`;
    case 'set-identities':
      return `set ${count(command.changes.length, 'document')} of identities: ${command.changes.map(describeIdentity).join(', ')}`;
    case 'post-messages':
    case 'post-test-events':
    case 'settle-events':
    case 'replay-events':
    case 'drop-events':
      return describeOutbox(command);
    case 'set-replica-attributes':
    case 'settle-replication':
    case 'note-replication':
    case 'retry-replication':
    case 'queue-replication':
      return describeReplication(command, { bucket, key });
    case 'add-log-batch':
    case 'drop-log-batches':
      return describeAccessLog(command, bucket);
    case 'probe':
      return 'show that changes can be made';
    default:
      return `an unknown command: ${JSON.stringify(command satisfies never)}`;
  }
}

function describeBytes(command: DropSegment | RelocateBlob): string {
  if (command.type === 'drop-segment') return `forget segment ${command.segment}`;
  return `move blob ${command.blob}, ${bytes(command.to.size)}, ${describeLocation(command.to)}`;
}

/** What clients say of a version. */
function describeSaid(command: SetVersionTags | SetVersionAcl | AnnotationCommand, key: string): string {
  const version = `${key} version ${command.versionId}`;
  switch (command.type) {
    case 'set-version-tags':
      return `set ${count(command.tags.length, 'tag')} on ${version}`;
    case 'set-version-acl':
      return `set the access control list of ${version}`;
    case 'put-annotation':
      return `put annotation ${command.annotation.name} onto ${version}, ${describeContent(command.annotation)}`;
    case 'delete-annotation':
      return `remove annotation ${command.name} of ${version}`;
  }
}

function describeUpload(command: CreateUpload | PutPart | CompleteUpload | AbortUpload, key: string): string {
  switch (command.type) {
    case 'create-upload':
      return `begin upload ${command.uploadId} of ${key}`;
    case 'put-part':
      return `put part ${command.partNumber} of upload ${command.uploadId} of ${key}, ${describeContent(command)}`;
    case 'complete-upload':
      return (
        `complete upload ${command.uploadId} of ${key} as version ${command.versionId}, ` +
        `${bytes(command.size)} in ${count(command.parts.length, 'part')}`
      );
    case 'abort-upload':
      return `abort upload ${command.uploadId} of ${key}`;
  }
}

function describeOutbox(command: OutboxCommand): string {
  switch (command.type) {
    case 'post-messages':
      return `send ${count(command.messages.length, 'message')} to queues or subscriptions of topics`;
    case 'post-test-events':
      return `send a test event of ${command.event.bucket} to ${command.targets.join(', ')}`;
    case 'settle-events':
      return `settle events: ${command.delivered.length} delivered, ${command.dead.length} given up${asideOf(command)}`;
    case 'replay-events':
      return `send events for ${command.target} again that were given up`;
    case 'drop-events':
      return `forget events for ${command.target} that ${command.isDead ? 'were given up' : 'wait'}`;
  }
}

function asideOf({ aside = [] }: Extract<OutboxCommand, { type: 'settle-events' }>): string {
  return aside.length === 0 ? '' : `, ${aside.length} to be tried again`;
}

/** A client needs none. */
function causeOf({ seen }: DeleteCurrent | DeleteVersion): string {
  return seen === undefined ? '' : ', as a lifecycle rule says';
}

function describeReplication(command: ReplicationCommand, { bucket, key }: { bucket: string; key: string }): string {
  switch (command.type) {
    case 'set-replica-attributes':
      return `set tags and access control list of ${key} version ${command.versionId}, as its source has them`;
    case 'settle-replication': {
      const failed = command.settled.filter(({ failure }) => failure !== undefined).length;
      return `settle replication: ${command.settled.length - failed} done, ${failed} failed`;
    }
    case 'note-replication':
      return `note how far ${count(command.notes.length, 'replication')} came`;
    case 'retry-replication':
      return `replicate to ${command.destination} again what failed`;
    case 'queue-replication':
      return `replicate ${count(command.versions.length, 'version')} of ${bucket}`;
  }
}

function describeProtection(command: SetVersionLock | SetVersionEncryption, key: string): string {
  const { versionId } = command;
  if (command.type === 'set-version-encryption') {
    return `put ${key} version ${versionId} under ${command.encryption.keyArn}`;
  }
  const { retention, legalHold = 'OFF' } = command.lock;
  const kept =
    retention === undefined
      ? 'no retention'
      : `${retention.mode.toLowerCase()} until ${new Date(retention.untilMs).toISOString()}`;
  return `lock ${key} version ${versionId}: ${kept}, legal hold ${legalHold.toLowerCase()}`;
}

/** When bytes of a version can be read, or that they cannot any more. */
function describeReadability(command: SetVersionRestore | SettleRestore | NoteLoss, key: string): string {
  if (command.type === 'note-loss') return `note that ${key} is lost`;
  if (command.type === 'settle-restore') return `tell of the restore of ${key}`;
  return `restore ${key} version ${command.versionId} for ${count(command.restore.days, 'day')}`;
}

function describeAccessLog(command: AddLogBatch | DropLogBatches, bucket: string): string {
  if (command.type === 'add-log-batch') return `keep ${count(command.lines, 'line')} of the access log of ${bucket}`;
  return `forget ${count(command.sequences.length, 'piece')} of access logs`;
}

function describeTiering(command: NoteAccesses | SetVersionTiering, key: string): string {
  if (command.type === 'note-accesses') return `note reads of ${count(command.accesses.length, 'version')}`;
  const { versionId, tiering } = command;
  const { archive } = tiering;
  const [verb, preposition] = archive?.restore === undefined ? ['move', 'to'] : ['restore', 'from'];
  return `${verb} ${key} version ${versionId} ${preposition} ${archive?.tier ?? 'no archive tier'}`;
}

function describeIdentity({ account, kind, name, document }: SetIdentities['changes'][number]): string {
  return `${document === null ? 'no more ' : ''}${kind} ${name} of ${account}`;
}

function describeContent({ size, content }: { size: number; content: Content }): string {
  if (content.kind === 'shared') {
    const blobs = content.slices.map(({ blob }) => blob);
    return `${bytes(size)} of ${blobs.length === 1 ? 'blob' : 'blobs'} ${blobs.join(', ')}`;
  }
  return content.location.extents.length === 0 ? bytes(size) : `${bytes(size)}, ${describeLocation(content.location)}`;
}

function describeLocation({ extents }: BlobLocation): string {
  return extents.map(({ segment, offset }) => `in segment ${segment} at ${offset}`).join(' and ');
}

function bytes(size: number): string {
  return `${size.toLocaleString('en-US')} ${size === 1 ? 'byte' : 'bytes'}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
