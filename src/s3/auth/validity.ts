/** When a signature counts. */

import { extendedTimestamp } from '../../lib/sigv4/timestamps.ts';
import { S3Error } from '../errors.ts';

/** How far the clocks of client and server may be apart. */
export const skewMaxMs = 15 * 60 * 1000;

/** A signed request counts for so long before and after the time that it names. */
export function requireRecent({ signedMs, text, nowMs }: { signedMs: number; text: string; nowMs: number }): void {
  if (Math.abs(nowMs - signedMs) <= skewMaxMs) return;
  throw new S3Error('RequestTimeTooSkewed', {
    fields: {
      RequestTime: text,
      ServerTime: extendedTimestamp(nowMs),
      MaxAllowedSkewMilliseconds: String(skewMaxMs),
    },
  });
}

/** Throws where the moment that ends a presigned request has come. */
export function requireUnexpired(
  expiresMs: number,
  { nowMs, fields }: { nowMs: number; fields?: Record<string, string> },
) {
  if (nowMs <= expiresMs) return;
  throw new S3Error('AccessDenied', {
    message: 'Request has expired',
    fields: { ...fields, Expires: extendedTimestamp(expiresMs), ServerTime: extendedTimestamp(nowMs) },
  });
}
