/**
 * Keys of issuers of web identities, fetched as OpenID Connect Discovery says and remembered for a while. A key that is not
 * known makes them be fetched anew, but not more often than once in a while: anybody may send tokens.
 * https://openid.net/specs/openid-connect-discovery-1_0.html
 */
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import { IamError } from '../errors.ts';

const keptMs = 3_600_000;
const refetchMs = 10_000;
const fetchLimitMs = 5_000;
const answerBytesMax = 256 * 1024;
const issuersKept = 256;

interface Fetched {
  readonly atMs: number;
  /** By key id; a set of one key may have none. */
  readonly keys: ReadonlyMap<string, KeyObject>;
}

export interface OidcKeysOptions {
  readonly clock: Clock;
  /** Issuers that are spoken to without TLS, as tokens name them. */
  readonly httpIssuers: readonly string[];
}

export class OidcKeys {
  readonly #options: OidcKeysOptions;
  readonly #fetched = new RecentMap<string, Promise<Fetched>>(issuersKept);

  constructor(options: OidcKeysOptions) {
    this.#options = options;
  }

  /** Undefined if the issuer has no such key. Throws IDPCommunicationError. */
  async find(issuer: string, keyId: string | undefined): Promise<KeyObject | undefined> {
    const nowMs = this.#options.clock.nowMs();
    let fetched = await this.#fetched.get(issuer);
    let key = fetched && pick(fetched, keyId);
    const isOld = fetched === undefined || nowMs - fetched.atMs > (key === undefined ? refetchMs : keptMs);
    if (isOld) {
      const fetching = this.#fetch(issuer, nowMs);
      this.#fetched.set(issuer, fetching);
      try {
        fetched = await fetching;
      } catch (cause) {
        this.#fetched.delete(issuer);
        throw new IamError('IDPCommunicationError', 'Error when communicating with the identity provider.', { cause });
      }
      key = pick(fetched, keyId);
    }
    return key;
  }

  async #fetch(issuer: string, nowMs: number): Promise<Fetched> {
    const document = await this.#read({
      address: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      issuer,
    });
    const address: unknown = Reflect.get(document, 'jwks_uri');
    if (typeof address !== 'string') throw new Error(`${issuer} names no jwks_uri`);
    const set: unknown = Reflect.get(await this.#read({ address, issuer }), 'keys');
    if (!Array.isArray(set)) throw new Error(`${address} holds no keys`);
    const keys = set.flatMap((jwk: JsonWebKeyInput['key']) => {
      const key = readKey(jwk);
      return key === undefined ? [] : [[String(Reflect.get(jwk, 'kid') ?? ''), key] as const];
    });
    return { atMs: nowMs, keys: new Map(keys) };
  }

  async #read({ address, issuer }: { address: string; issuer: string }): Promise<object> {
    const { protocol } = new URL(address);
    const mayBePlain = this.#options.httpIssuers.includes(issuer);
    if (protocol !== 'https:' && !(protocol === 'http:' && mayBePlain)) {
      throw new Error(`${address} is no address with TLS, and ${issuer} is not among the httpIssuers`);
    }
    const response = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(fetchLimitMs) });
    if (!response.ok || response.body === null) throw new Error(`${address} answered ${response.status}`);
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body) {
      size += chunk.length;
      if (size > answerBytesMax) throw new Error(`${address} answered more than ${answerBytesMax} bytes`);
      chunks.push(chunk);
    }
    const document: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof document !== 'object' || document === null) throw new Error(`${address} answered no document`);
    return document;
  }
}

function pick({ keys }: Fetched, keyId: string | undefined): KeyObject | undefined {
  if (keyId !== undefined) return keys.get(keyId);
  return keys.size === 1 ? [...keys.values()][0] : undefined;
}

/** Undefined for keys of kinds that signatures are not made with, as sets hold them for other ends. */
function readKey(jwk: JsonWebKeyInput['key']): KeyObject | undefined {
  if (![undefined, 'sig'].includes(jwk.use)) return undefined;
  if (jwk.kty !== 'RSA' && jwk.kty !== 'EC') return undefined;
  return createPublicKey({ key: jwk, format: 'jwk' });
}
