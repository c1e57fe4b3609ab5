/** A client's side of Signature Version 4, for the command line and for what events are sent to, from the same parts that the server verifies with. */
import { hash } from 'node:crypto';
import { canonicalRequest } from './canonical-request.ts';
import { requestStringToSign, scopeText, signingKey } from './signing-key.ts';
import { basicTimestamp } from './timestamps.ts';

export interface UnsignedRequest {
  readonly method: string;
  /** Path as it will stand on the wire; no query. */
  readonly rawPath: string;
  /** Value of the Host header. */
  readonly host: string;
  readonly body: string;
}

export interface SigningOptions {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** s3 unless another is named. */
  readonly service?: string;
  readonly nowMs: number;
}

/** The headers that make the request a signed one; its host must be sent as it was signed. */
export function signRequest(request: UnsignedRequest, options: SigningOptions): Readonly<Record<string, string>> {
  const { method, rawPath, host, body } = request;
  const { accessKeyId, secretAccessKey, region, service = 's3', nowMs } = options;
  const timestamp = basicTimestamp(nowMs);
  const scope = { date: timestamp.slice(0, 8), region, service };
  const payload = hash('sha256', body, 'hex');
  const own = { 'x-amz-content-sha256': payload, 'x-amz-date': timestamp };
  const headers = new Map(Object.entries({ host, ...own }).map(([name, value]) => [name, [value]]));
  const signedHeaders = [...headers.keys()].sort();
  const canonical = canonicalRequest({ method, rawPath, rawQuery: '', headers, signedHeaders, payload });
  const signature = signingKey(secretAccessKey, scope).sign(requestStringToSign(canonical, { timestamp, scope }));
  const credential = `Credential=${accessKeyId}/${scopeText(scope)}`;
  const authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
  return { ...own, authorization };
}
