/** Order and names of versions. Both are chosen in the tick of the `submit` that uses them, so that order is commit order. */
import type { Clock } from '../lib/clock.ts';
import { randomHex, randomUuid } from '../lib/ids.ts';
import type { Bucket, VersioningState } from '../meta/records.ts';

/** S3's spelling of the null version's id. */
export const nullVersionId = 'null';

const randomBytesPerId = 16;
const ordinalBytes = 8;
const versionIdPattern = /^[A-Za-z0-9_-]{32}$/;
/** As MinIO's are. */
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** Of the first byte: what makes the first character one of A to Z and a to f. */
const firstByteMask = 0x7f;

/** Name and place in order of a version about to be made. */
export interface VersionIdentity {
  readonly versionId: string;
  readonly ordinal: number;
}

/** What a version has wherever it is replicated to: its name, its place in order and its time. */
export interface ReplicaIdentity extends VersionIdentity {
  readonly lastModifiedMs: number;
}

/** Whether a text has the form of a version id, `null` included. It says nothing of its existence. */
export function isVersionId(text: string): boolean {
  return text === nullVersionId || versionIdPattern.test(text) || uuidPattern.test(text);
}

/** Whether a version id is one that MinIO takes. */
export function isUuid(versionId: string): boolean {
  return uuidPattern.test(versionId);
}

/**
 * A new version id: 32 URL-safe characters of sixteen random bytes and the ordinal, which is veiled by the random bytes
 * so that ids of neighbours do not look alike. Two ids differ even if the random bytes should not. An id begins with a
 * letter: aws-cli and other programs take an argument that begins with `-` for the name of an option.
 */
export function newVersionId(ordinal: number): string {
  const random = Buffer.from(randomHex(randomBytesPerId), 'hex');
  random[0] = random.readUInt8(0) & firstByteMask;
  const veiled = Buffer.alloc(ordinalBytes);
  veiled.writeBigUInt64BE(BigInt(ordinal) ^ random.readBigUInt64BE(0));
  return Buffer.concat([random, veiled]).toString('base64url');
}

/**
 * The ordinal an id was made with; undefined for `null` and for ids that are not ours. Of a version whose id was chosen
 * before its bytes were written, it is where the version would stand had it been written at once.
 */
export function ordinalOfId(versionId: string): number | undefined {
  if (!versionIdPattern.test(versionId)) return undefined;
  const bytes = Buffer.from(versionId, 'base64url');
  const ordinal = Number(bytes.readBigUInt64BE(randomBytesPerId) ^ bytes.readBigUInt64BE(0));
  return Number.isSafeInteger(ordinal) ? ordinal : undefined;
}

/** Whether an id may name a new version of a bucket in this state. */
function fits(versionId: string, versioning: VersioningState): boolean {
  return (versionId !== nullVersionId) === (versioning === 'Enabled');
}

/** When an ordinal was issued, where none was ahead of the clock. */
export function timeOfOrdinal(ordinal: number): number {
  return Math.floor(ordinal / 1000);
}

/** Ordinals fall into so many series, of which a server uses one: those of two servers differ, but for one pair in so many. */
const seriesCount = 125;

/** The series of a server: what is left of its ordinals when they are divided by the number of series. */
function seriesOf(clusterId: string): number {
  return Number(BigInt(`0x${clusterId}`) % BigInt(seriesCount));
}

/**
 * Hands out ordinals: microseconds since 1970, always larger than any before, also when the clock stands or goes back. Servers that
 * replicate to each other have series of their own, so that what they wrote in one moment is in one order everywhere; a series has
 * eight ordinals in a millisecond, and what needs more runs ahead of the clock.
 */
export class VersionIds {
  readonly #clock: Clock;
  readonly #lastCommitted: () => number;
  readonly #series: number;
  readonly #areUuids: boolean;
  #last = 0;

  /** `lastCommitted` is the largest ordinal the index knows. With `areUuids`, new version ids are such that MinIO takes them. */
  constructor(
    clock: Clock,
    lastCommitted: () => number,
    { clusterId, areUuids = false }: { clusterId: string; areUuids?: boolean | undefined },
  ) {
    this.#areUuids = areUuids;
    this.#clock = clock;
    this.#lastCommitted = lastCommitted;
    this.#series = seriesOf(clusterId);
  }

  nextOrdinal(): number {
    const least = Math.max(this.#clock.nowMs() * 1000, this.#lastCommitted() + 1, this.#last + 1);
    const ahead = (((this.#series - least) % seriesCount) + seriesCount) % seriesCount;
    this.#last = least + ahead;
    return this.#last;
  }

  /** Identity of a new version. `wanted`, an id chosen earlier, is kept where the bucket's state still allows it. */
  issue(bucket: Bucket, wanted?: string): VersionIdentity {
    const ordinal = this.nextOrdinal();
    if (wanted !== undefined && fits(wanted, bucket.versioning)) return { versionId: wanted, ordinal };
    if (bucket.versioning !== 'Enabled') return { versionId: nullVersionId, ordinal };
    return { versionId: this.#areUuids ? randomUuid() : newVersionId(ordinal), ordinal };
  }

  /** A new upload id. Ids sort by the time they were made, as uploads of one key are listed in that order. */
  newUploadId(): string {
    return this.nextOrdinal().toString(16).padStart(14, '0') + randomHex(randomBytesPerId);
  }
}
