/** Tokens of web identities (JWT): what they claim, and whether a key has signed it. https://www.rfc-editor.org/rfc/rfc7519 */
import { constants, type KeyObject, verify } from 'node:crypto';
import { IamError } from '../errors.ts';

export interface WebToken {
  readonly keyId: string | undefined;
  readonly algorithm: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signedText: string;
  readonly signature: Buffer;
}

/** Throws InvalidIdentityToken. */
export function parseWebToken(text: string): WebToken {
  const [head, body, signature, ...more] = text.split('.');
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) throw malformed();
  const header = readJson(head);
  const { alg, kid } = header;
  if (typeof alg !== 'string') throw malformed();
  return {
    keyId: typeof kid === 'string' ? kid : undefined,
    algorithm: alg,
    claims: readJson(body),
    signedText: `${head}.${body}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

function readJson(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch (cause) {
    throw malformed(cause);
  }
  throw malformed();
}

function malformed(cause?: unknown): IamError {
  return new IamError(
    'InvalidIdentityToken',
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    { cause },
  );
}

interface Algorithm {
  readonly digest: string;
  readonly keyType: 'rsa' | 'ec';
  readonly curve?: string;
  readonly isPss?: true;
}

/** None of them is symmetric, and `none` is none of them. */
const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['RS256', { digest: 'sha256', keyType: 'rsa' }],
  ['RS384', { digest: 'sha384', keyType: 'rsa' }],
  ['RS512', { digest: 'sha512', keyType: 'rsa' }],
  ['PS256', { digest: 'sha256', keyType: 'rsa', isPss: true }],
  ['PS384', { digest: 'sha384', keyType: 'rsa', isPss: true }],
  ['PS512', { digest: 'sha512', keyType: 'rsa', isPss: true }],
  ['ES256', { digest: 'sha256', keyType: 'ec', curve: 'prime256v1' }],
  ['ES384', { digest: 'sha384', keyType: 'ec', curve: 'secp384r1' }],
  ['ES512', { digest: 'sha512', keyType: 'ec', curve: 'secp521r1' }],
]);

export function isSignedBy({ algorithm, signedText, signature }: WebToken, key: KeyObject): boolean {
  const known = algorithms.get(algorithm);
  if (known === undefined || key.asymmetricKeyType !== known.keyType) return false;
  if (known.curve !== undefined && key.asymmetricKeyDetails?.namedCurve !== known.curve) return false;
  const padding = known.isPss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return verify(known.digest, Buffer.from(signedText), { key, dsaEncoding: 'ieee-p1363', ...padding }, signature);
}
