/** ETags of objects that are under a key of KMS or of their client: AWS says of them only that they are no MD5 of the bytes. */
import { createHmac } from 'node:crypto';
import { randomHex } from '../../lib/ids.ts';
import type { EnvelopeKeys } from './envelopes.ts';

const etagBytes = 16;

/** An ETag that says nothing of the bytes, for those that were not read. */
export function opaqueEtag(): string {
  return randomHex(etagBytes);
}

/**
 * The ETag of bytes with that MD5 under those keys. It says nothing of them to who lacks the keys; a part that is sent again to
 * its upload has the same again, so that a client that retried can complete with either answer.
 */
export function keyedEtag([key]: EnvelopeKeys, md5: string): string {
  if (key === undefined) throw new Error('what is encrypted has a key');
  return createHmac('sha256', key)
    .update(`ninefold etag ${md5}`)
    .digest('hex')
    .slice(0, 2 * etagBytes);
}
