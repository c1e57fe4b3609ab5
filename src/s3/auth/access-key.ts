/** The key that a signature claims to be made with. */
import { timingSafeEqual } from 'node:crypto';
import { S3Error } from '../errors.ts';
import type { AccessKey, FindSecret } from './types.ts';

export interface KeyClaim {
  readonly accessKeyId: string;
  readonly sessionToken?: string | undefined;
}

/** Throws InvalidToken, InvalidAccessKeyId and ExpiredToken. A token opens its own key only, and a temporary key needs it. */
export function findAccessKey({ accessKeyId, sessionToken }: KeyClaim, findSecret: FindSecret): AccessKey {
  const accessKey = findSecret(accessKeyId, sessionToken);
  if (sessionToken !== undefined && !tokenMatches(accessKey?.sessionToken, sessionToken)) {
    throw new S3Error('InvalidToken', { fields: { 'Token-0': sessionToken } });
  }
  if (accessKey === undefined || (accessKey.sessionToken !== undefined && sessionToken === undefined)) {
    throw new S3Error('InvalidAccessKeyId', { fields: { AWSAccessKeyId: accessKeyId } });
  }
  if (accessKey.isExpired) throw new S3Error('ExpiredToken', { fields: { 'Token-0': sessionToken ?? '' } });
  return accessKey;
}

function tokenMatches(expected: string | undefined, given: string): boolean {
  if (expected === undefined) return false;
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
