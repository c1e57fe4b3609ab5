/**
 * A client's side of Signature Version 4: for the command line, and for whatever of AWS's kind the server itself speaks to.
 * From the same parts that the server verifies with.
 */
import { hash } from 'node:crypto';
import { canonicalRequest } from './canonical-request.ts';
import { requestStringToSign, scopeText, signingKey } from './signing-key.ts';
import { basicTimestamp } from './timestamps.ts';

export interface UnsignedRequest {
  readonly method: string;
  /** Path as it will stand on the wire. */
  readonly rawPath: string;
  /** Query as it will stand on the wire, without the question mark; none unless one is given. */
  readonly rawQuery?: string;
  /** Value of the Host header. */
  readonly host: string;
  /** Headers to be signed beside the host and the signer's own, by lower-case name; one byte a character, as on the wire. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, or where it is a stream the value of `x-amz-content-sha256`: its hash in hex, or `UNSIGNED-PAYLOAD`. */
  readonly body: string | Uint8Array | { readonly sha256: string };
}

export interface SigningOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
  readonly region: string;
  /** s3 unless another is named. */
  readonly service?: string;
  readonly nowMs: number;
}

/**
 * The headers that make the request a signed one, with those that were given; its host must be sent as it was signed. The path
 * is encoded as S3 has it, so one for another service must have nothing in it that needs encoding.
 */
export function signRequest(request: UnsignedRequest, options: SigningOptions): Readonly<Record<string, string>> {
  const { method, rawPath, rawQuery = '', host, body } = request;
  const { accessKeyId, secretAccessKey, sessionToken, region, service = 's3', nowMs } = options;
  const timestamp = basicTimestamp(nowMs);
  const scope = { date: timestamp.slice(0, 8), region, service };
  const payload = typeof body === 'string' || body instanceof Uint8Array ? hash('sha256', body, 'hex') : body.sha256;
  const sent = {
    ...request.headers,
    'x-amz-content-sha256': payload,
    'x-amz-date': timestamp,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const headers = new Map(Object.entries({ host, ...sent }).map(([name, value]) => [name, [value]]));
  const signedHeaders = [...headers.keys()].sort();
  const canonical = canonicalRequest({ method, rawPath, rawQuery, headers, signedHeaders, payload });
  const signature = signingKey(secretAccessKey, scope).sign(requestStringToSign(canonical, { timestamp, scope }));
  const credential = `Credential=${accessKeyId}/${scopeText(scope)}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...sent, authorization };
}
