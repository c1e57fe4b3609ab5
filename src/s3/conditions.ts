/**
 * Conditional requests.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
import type { DeleteConditions, WriteConditions } from '../engine/types.ts';
import { S3Error } from './errors.ts';
import { shownTime, wholeSecondMs } from './times.ts';

/** What the conditions of a read are checked against. */
export interface Checked {
  /** Without quotes. */
  readonly etag: string;
  readonly lastModifiedMs: number;
}

export interface ReadConditions {
  readonly IfMatch?: string | undefined;
  readonly IfNoneMatch?: string | undefined;
  readonly IfModifiedSince?: Date | undefined;
  readonly IfUnmodifiedSince?: Date | undefined;
}

export interface CopySourceConditions {
  readonly CopySourceIfMatch?: string | undefined;
  readonly CopySourceIfNoneMatch?: string | undefined;
  readonly CopySourceIfModifiedSince?: Date | undefined;
  readonly CopySourceIfUnmodifiedSince?: Date | undefined;
}

/**
 * ETags of a list, without quotes and weakness marks; `*` stays. Quotes are optional, as many clients send bare ETags, and
 * weakness is dropped because proxies that compress mark S3's strong ETags as weak.
 */
export function parseEtags(header: string): string[] {
  return header
    .split(',')
    .map((item) => unquoteEtag(item.trim().replace(/^W\//, '')))
    .filter((etag) => etag !== '');
}

/** An ETag without the quotes that clients may leave out. */
export function unquoteEtag(etag: string): string {
  return etag.trim().replace(/^"(.*)"$/, '$1');
}

/** An ETag as headers and documents carry it. */
export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}

/** Name of the first condition that does not hold, by S3's precedence: ETags beat dates. Undefined if all hold. */
function failedCondition(
  conditions: ReadConditions,
  { etag, lastModifiedMs }: Checked,
): keyof ReadConditions | undefined {
  const modifiedMs = wholeSecondMs(lastModifiedMs);
  const matches = (header: string) => parseEtags(header).some((listed) => listed === '*' || listed === etag);
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  if (IfMatch !== undefined) {
    if (!matches(IfMatch)) return 'IfMatch';
  } else if (IfUnmodifiedSince !== undefined && modifiedMs > IfUnmodifiedSince.getTime()) {
    return 'IfUnmodifiedSince';
  }
  if (IfNoneMatch !== undefined) {
    if (matches(IfNoneMatch)) return 'IfNoneMatch';
  } else if (IfModifiedSince !== undefined && modifiedMs <= IfModifiedSince.getTime()) {
    return 'IfModifiedSince';
  }
  return undefined;
}

const headerNames = {
  IfMatch: 'If-Match',
  IfNoneMatch: 'If-None-Match',
  IfModifiedSince: 'If-Modified-Since',
  IfUnmodifiedSince: 'If-Unmodified-Since',
} as const satisfies Record<keyof ReadConditions, string>;

/** Checks the conditions of GetObject and HeadObject. Throws PreconditionFailed (412) or NotModified (304). */
export function checkReadConditions(
  conditions: ReadConditions,
  checked: Checked,
  notModifiedHeaders: Readonly<Record<string, string>> = {},
): void {
  const failed = failedCondition(conditions, checked);
  if (failed === undefined) return;
  if (failed === 'IfMatch' || failed === 'IfUnmodifiedSince') throw preconditionFailed(headerNames[failed]);
  throw new S3Error('NotModified', {
    headers: {
      ETag: quoteEtag(checked.etag),
      'Last-Modified': shownTime(checked.lastModifiedMs).toUTCString(),
      ...notModifiedHeaders,
    },
  });
}

/** Checks the conditions on the source of a copy, which have the same precedence. Throws PreconditionFailed in every case. */
export function checkCopySourceConditions(conditions: CopySourceConditions, checked: Checked): void {
  const failed = failedCondition(
    {
      IfMatch: conditions.CopySourceIfMatch,
      IfNoneMatch: conditions.CopySourceIfNoneMatch,
      IfModifiedSince: conditions.CopySourceIfModifiedSince,
      IfUnmodifiedSince: conditions.CopySourceIfUnmodifiedSince,
    },
    checked,
  );
  if (failed !== undefined) throw preconditionFailed(`x-amz-copy-source-${headerNames[failed]}`);
}

function preconditionFailed(condition: string): S3Error {
  return new S3Error('PreconditionFailed', { fields: { Condition: condition } });
}

/**
 * Conditions on the key that a write replaces; undefined if there are none. Throws NotImplemented for If-None-Match with
 * anything but `*`, as S3 does.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function writeConditions(input: Pick<ReadConditions, 'IfMatch' | 'IfNoneMatch'>): WriteConditions | undefined {
  const { IfMatch, IfNoneMatch } = input;
  if (IfNoneMatch !== undefined && unquoteEtag(IfNoneMatch) !== '*') {
    throw new S3Error('NotImplemented', { fields: { Header: 'If-None-Match' } });
  }
  if (IfMatch === undefined && IfNoneMatch === undefined) return undefined;
  return {
    ...(IfMatch !== undefined && { ifMatch: parseEtags(IfMatch) }),
    ...(IfNoneMatch !== undefined && { ifNoneMatch: '*' as const }),
  };
}

/** Conditions on the object that a delete removes; undefined if there are none. */
export function deleteConditions(condition: {
  readonly etag: string | undefined;
  readonly lastModified: Date | undefined;
  readonly size: number | undefined;
}): DeleteConditions | undefined {
  const { etag, lastModified, size } = condition;
  if (etag === undefined && lastModified === undefined && size === undefined) return undefined;
  return {
    ...(etag !== undefined && { ifMatch: parseEtags(etag) }),
    ...(lastModified !== undefined && { ifMatchLastModifiedMs: lastModified.getTime() }),
    ...(size !== undefined && { ifMatchSize: size }),
  };
}

/**
 * Whether a `Range` may be honoured beside this `If-Range`: only if the object is still the one the client has begun to
 * read. https://www.rfc-editor.org/rfc/rfc9110#name-if-range
 */
export function ifRangeHolds(header: string | undefined, { etag, lastModifiedMs }: Checked): boolean {
  if (header === undefined) return true;
  if (header.startsWith('W/')) return false;
  const dateMs = header.startsWith('"') ? Number.NaN : Date.parse(header);
  if (Number.isNaN(dateMs)) return unquoteEtag(header) === etag;
  return dateMs === wholeSecondMs(lastModifiedMs);
}
