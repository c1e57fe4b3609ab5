/** How values lie in columns: compact JSON, absent where there is nothing to say. */
import type { BlobLocation, Checksum, ObjectAttributes } from '../records.ts';

/** A slice as rows name it: blob id, offset in the blob, length, and of an encrypted blob its envelope. */
export type PackedSlice = readonly [blob: number, offset: number, length: number, envelope?: string];

type PackedExtent = readonly [segment: string, offset: number, unit: number, start: number, length: number];
type PackedChecksum = readonly [algorithm: string, type: Checksum['type'], value: string];
type Details = Partial<
  Pick<
    ObjectAttributes,
    | 'headers'
    | 'metadata'
    | 'tags'
    | 'acl'
    | 'restore'
    | 'tiering'
    | 'replication'
    | 'changedMs'
    | 'encryption'
    | 'lock'
    | 'lostMs'
  >
>;

export interface AttributeColumns {
  readonly owner: string;
  readonly storageClass: string;
  /** Headers, metadata, tags, access control list, restore, tiering, replication, encryption, lock and loss, each only if there are any; null if there are none at all. */
  readonly details: string | null;
}

export function packSlices(slices: readonly PackedSlice[]): string {
  return JSON.stringify(slices);
}

export function unpackSlices(text: string | null): readonly PackedSlice[] {
  return text === null ? [] : (JSON.parse(text) as PackedSlice[]);
}

export function packExtents(location: Pick<BlobLocation, 'extents'>): string {
  return JSON.stringify(location.extents.map((e): PackedExtent => [e.segment, e.offset, e.unit, e.start, e.length]));
}

export function unpackExtents(text: string): BlobLocation['extents'] {
  const packed = JSON.parse(text) as PackedExtent[];
  return packed.map(([segment, offset, unit, start, length]) => ({ segment, offset, unit, start, length }));
}

export function packChecksum(checksum: Checksum | undefined): string | null {
  if (checksum === undefined) return null;
  return JSON.stringify([checksum.algorithm, checksum.type, checksum.value] satisfies PackedChecksum);
}

export function unpackChecksum(text: string | null): { checksum?: Checksum } {
  if (text === null) return {};
  const [algorithm, type, value] = JSON.parse(text) as PackedChecksum;
  return { checksum: { algorithm, type, value } };
}

export function packAttributes(attributes: ObjectAttributes): AttributeColumns {
  const { owner, storageClass } = attributes;
  return { owner, storageClass, details: packDetails(attributes) };
}

/** The column `details`. */
export function packDetails({ headers = {}, metadata = {}, tags = [], ...attributes }: Details): string | null {
  const details: Details = {
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
    ...(tags.length > 0 && { tags }),
    ...(attributes.acl !== undefined && { acl: attributes.acl }),
    ...(attributes.restore !== undefined && { restore: attributes.restore }),
    ...(attributes.replication !== undefined && { replication: attributes.replication }),
    ...(attributes.changedMs !== undefined && { changedMs: attributes.changedMs }),
    ...(attributes.tiering !== undefined && { tiering: attributes.tiering }),
    ...(attributes.encryption !== undefined && { encryption: attributes.encryption }),
    ...(attributes.lock !== undefined && { lock: attributes.lock }),
    ...(attributes.lostMs !== undefined && { lostMs: attributes.lostMs }),
  };
  return Object.keys(details).length > 0 ? JSON.stringify(details) : null;
}

/** The tags alone: most rows have none, and what has none need not be parsed. */
export function unpackTags(details: string | null): ObjectAttributes['tags'] {
  if (details?.includes('"tags"') !== true) return [];
  return (JSON.parse(details) as Details).tags ?? [];
}

/** The same of what an access tier follows from. */
export function unpackTiering(details: string | null): ObjectAttributes['tiering'] {
  if (details?.includes('"tiering"') !== true) return undefined;
  return (JSON.parse(details) as Details).tiering;
}

/** The same of what it is locked by. */
export function unpackLock(details: string | null): ObjectAttributes['lock'] {
  if (details?.includes('"lock"') !== true) return undefined;
  return (JSON.parse(details) as Details).lock;
}

/** The same of how its bytes are encrypted. */
export function unpackEncryption(details: string | null): ObjectAttributes['encryption'] {
  if (details?.includes('"encryption"') !== true) return undefined;
  return (JSON.parse(details) as Details).encryption;
}

export function unpackAttributes(columns: AttributeColumns): ObjectAttributes {
  const details: Details = columns.details === null ? {} : (JSON.parse(columns.details) as Details);
  return {
    owner: columns.owner,
    storageClass: columns.storageClass,
    headers: details.headers ?? {},
    metadata: details.metadata ?? {},
    tags: details.tags ?? [],
    ...(details.acl !== undefined && { acl: details.acl }),
    ...(details.restore !== undefined && { restore: details.restore }),
    ...(details.replication !== undefined && { replication: details.replication }),
    ...(details.changedMs !== undefined && { changedMs: details.changedMs }),
    ...(details.tiering !== undefined && { tiering: details.tiering }),
    ...(details.encryption !== undefined && { encryption: details.encryption }),
    ...(details.lock !== undefined && { lock: details.lock }),
    ...(details.lostMs !== undefined && { lostMs: details.lostMs }),
  };
}
