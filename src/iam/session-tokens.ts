/**
 * Session tokens of temporary credentials: all that is to be known of a session, sealed with the server's key, so that
 * nothing is kept of it and a restart does not end it. Whether its principal is still there is asked at every use.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Session } from './identity.ts';
import type { Sealer } from './sealing.ts';

/** A claim of one format; another one is another version. */
const formatVersion = 1;

export interface SessionClaims {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
  readonly kind: 'root' | 'user' | 'role' | 'federated';
  /** Name and unique id of the user or role that the session is of, or by which a federated one was asked for; absent for the root. */
  readonly principal?: { readonly name: string; readonly id: string };
  /** Of a role's session or a federated user. */
  readonly sessionName?: string;
  readonly session: Session;
}

export function writeToken(sealer: Sealer, claims: SessionClaims): string {
  return sealer.seal(pack({ version: formatVersion, ...claims })).toString('base64');
}

/** Undefined for whatever this server has not written. */
export function readToken(sealer: Sealer, token: string): SessionClaims | undefined {
  const sealed = Buffer.from(token, 'base64');
  // Of the spellings that decode to the same bytes only one was given out.
  const packed = sealed.toString('base64') === token ? sealer.open(sealed) : undefined;
  if (packed === undefined) return undefined;
  const { version, ...claims }: SessionClaims & { version: number } = JSON.parse(inflateRawSync(packed).toString());
  return version === formatVersion ? claims : undefined;
}

/** What a session's policies and tags take of the room for them, in percent. */
export function packedSharePercent({ policies, policyArns, tags }: Session): number {
  if (policies === undefined && policyArns === undefined && tags.length === 0) return 0;
  return Math.ceil((pack({ policies, policyArns, tags }).length * 100) / packedBytesMax);
}

/** Header sections are bounded, and the token is one header. */
const packedBytesMax = 3072;

function pack(value: object): Buffer {
  return deflateRawSync(JSON.stringify(value));
}
