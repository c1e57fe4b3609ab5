/**
 * Rows of an inventory report as S3 writes them: every value in quotes, no head, keys percent-encoded; what an object has
 * nothing of is empty. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory.html
 */
import { encodeListed } from '../../lib/key-encoding.ts';
import type { Grant, Grantee, Version } from '../../meta/records.ts';
import { dayMs, expiryOf } from '../lifecycle/due.ts';
import type { LifecycleRule } from '../lifecycle/rules.ts';
import { type AccessTier, accessTierOf, monitoredSizeMin, referenceMs, tieringClass } from '../tiering/tiers.ts';
import { type InventoryConfiguration, type InventoryField, inventoryFields } from './configuration.ts';

/** What a report says of all its objects. */
export interface RowFacts {
  readonly bucketName: string;
  /** Of the bucket, for the dates at which they expire. */
  readonly rules: readonly LifecycleRule[];
  /** When it is made, and how long a day of Intelligent-Tiering is. */
  readonly nowMs: number;
  readonly dayLengthMs: number;
}

type ReadValue = (version: Version, facts: RowFacts) => string;

/** What decides which columns there are. */
type Asked = Pick<InventoryConfiguration, 'versions' | 'fields'>;

interface Column {
  /** As `fileSchema` names it. */
  readonly name: string;
  readonly read: ReadValue;
}

const groupUris: Readonly<Record<string, string>> = {
  AllUsers: 'http://acs.amazonaws.com/groups/global/AllUsers',
  AuthenticatedUsers: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers',
  LogDelivery: 'http://acs.amazonaws.com/groups/s3/LogDelivery',
};

const bucketAndKey: readonly Column[] = [
  { name: 'Bucket', read: (_, { bucketName }) => bucketName },
  { name: 'Key', read: ({ key }) => encodeListed(key) },
];

const versionColumns: readonly Column[] = [
  // The null version has no id of its own.
  { name: 'VersionId', read: ({ versionId }) => (versionId === 'null' ? '' : versionId) },
  { name: 'IsLatest', read: ({ isLatest }) => String(isLatest) },
  { name: 'IsDeleteMarker', read: ({ isDeleteMarker }) => String(isDeleteMarker) },
];

const nothing: ReadValue = () => '';

/** Values of versions that are no delete markers. Those that nothing here can have yet are empty. */
const valuesOf: Readonly<Record<InventoryField, ReadValue>> = {
  Size: ({ size }) => String(size),
  LastModifiedDate: ({ lastModifiedMs }) => timeText(lastModifiedMs),
  ETag: ({ etag }) => etag,
  StorageClass: ({ attributes }) => attributes.storageClass,
  IsMultipartUploaded: ({ partCount }) => String(partCount !== undefined),
  ReplicationStatus: ({ attributes }) => attributes.replication ?? '',
  EncryptionStatus: ({ attributes }) => attributes.encryption?.kind ?? 'NOT-SSE',
  ObjectLockRetainUntilDate: ({ attributes: { lock } }) =>
    lock?.retention === undefined ? '' : new Date(lock.retention.untilMs).toISOString(),
  ObjectLockMode: ({ attributes: { lock } }) => lock?.retention?.mode ?? '',
  ObjectLockLegalHoldStatus: ({ attributes: { lock } }) => lock?.legalHold ?? 'OFF',
  IntelligentTieringAccessTier: accessTierText,
  BucketKeyStatus: bucketKeyText,
  ChecksumAlgorithm: ({ checksum }) => checksum?.algorithm ?? '',
  ObjectAccessControlList: (version) => aclText(version),
  ObjectOwner: ({ attributes }) => attributes.owner,
  LifecycleExpirationDate: expirationText,
  IntelligentTieringReferenceDate: referenceText,
  ObjectLockEventHoldStatus: nothing,
  ObjectLockEventHoldDuration: nothing,
};

const ofMarkers: ReadonlySet<InventoryField> = new Set(['LastModifiedDate', 'ObjectOwner']);

/** Names of the columns of a report. */
export function columnsOf(configuration: Asked): readonly string[] {
  return columnsWithValues(configuration).map(({ name }) => name);
}

function columnsWithValues({ versions, fields }: Asked): readonly Column[] {
  const asked = inventoryFields.filter((field) => fields.includes(field));
  return [...bucketAndKey, ...(versions === 'All' ? versionColumns : []), ...asked.map(columnOf)];
}

/** What a report has of each object. */
export class RowWriter {
  readonly #columns: readonly Column[];
  readonly #facts: RowFacts;

  constructor(configuration: Asked, facts: RowFacts) {
    this.#columns = columnsWithValues(configuration);
    this.#facts = facts;
  }

  /** One line, with its end. No value has a quote in it: ids and digests have none, and keys are encoded. */
  write(version: Version): string {
    let line = '';
    for (const { read } of this.#columns) line += `${line === '' ? '' : ','}"${read(version, this.#facts)}"`;
    return `${line}\n`;
  }
}

function columnOf(field: InventoryField): Column {
  const read = valuesOf[field];
  if (ofMarkers.has(field)) return { name: field, read };
  return { name: field, read: (version, facts) => (version.isDeleteMarker ? '' : read(version, facts)) };
}

/** S3 keeps whole seconds. */
function timeText(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString();
}

/** As answers tell of it: in days as AWS counts them. */
function expirationText({ key, size, lastModifiedMs, attributes, isLatest }: Version, { rules }: RowFacts): string {
  if (!isLatest || rules.length === 0) return '';
  const due = expiryOf(rules, { key, size, lastModifiedMs, tags: attributes.tags }, dayMs);
  return due === undefined ? '' : new Date(due.atMs).toISOString();
}

/** By the names that reports have for them. */
const tierNames: Readonly<Record<AccessTier, string>> = {
  FREQUENT_ACCESS: 'FREQUENT',
  INFREQUENT_ACCESS: 'INFREQUENT',
  ARCHIVE_INSTANT_ACCESS: 'ARCHIVE_INSTANT_ACCESS',
  ARCHIVE_ACCESS: 'ARCHIVE',
  DEEP_ARCHIVE_ACCESS: 'DEEP_ARCHIVE',
};

function accessTierText({ size, lastModifiedMs, attributes }: Version, time: RowFacts): string {
  if (attributes.storageClass !== tieringClass) return '';
  return tierNames[accessTierOf({ size, lastModifiedMs, tiering: attributes.tiering }, time)];
}

/** Since when its days without access are counted; of what is not monitored, none are. */
function referenceText({ size, lastModifiedMs, attributes }: Version, { nowMs }: RowFacts): string {
  if (attributes.storageClass !== tieringClass || size < monitoredSizeMin) return '';
  return timeText(referenceMs({ size, lastModifiedMs, tiering: attributes.tiering }, nowMs));
}

/** Whether its data key is bound to the bucket. */
function bucketKeyText({ attributes: { encryption } }: Version): string {
  return encryption !== undefined && 'bucketKey' in encryption && encryption.bucketKey ? 'ENABLED' : 'DISABLED';
}

function aclText({ attributes }: Version): string {
  const { owner, acl = [{ grantee: { id: owner }, permission: 'FULL_CONTROL' } as const] } = attributes;
  const list = { version: '2022-11-10', status: 'AVAILABLE', grants: acl.map(grantElement) };
  return Buffer.from(JSON.stringify(list)).toString('base64');
}

function grantElement({ grantee, permission }: Grant): Readonly<Record<string, string | undefined>> {
  return { ...granteeElement(grantee), permission };
}

function granteeElement(grantee: Grantee): Readonly<Record<string, string | undefined>> {
  if ('id' in grantee) return { canonicalId: grantee.id, type: 'CanonicalUser' };
  return { uri: groupUris[grantee.group], type: 'Group' };
}
