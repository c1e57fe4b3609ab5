/**
 * Heads of signed requests as bytes, for the load process. Independent of the server's code, so that the bench also speaks
 * to other endpoints whatever that does.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
import { createHmac, hash } from 'node:crypto';
import type { Endpoint, RequestSet } from './messages.ts';

export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/** Parameters as they stand in a signed query: encoded and in order. */
export function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${encodeText(name)}=${encodeText(value)}`)
    .sort()
    .join('&');
}

function encodeText(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Signs heads for one endpoint at one moment; they are valid for a quarter of an hour. */
export class HeadSigner {
  readonly #endpoint: Endpoint;
  readonly #timestamp: string;
  readonly #scope: string;
  readonly #key: Buffer;

  constructor(endpoint: Endpoint, now: Date) {
    this.#endpoint = endpoint;
    this.#timestamp = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
    this.#scope = `${this.#timestamp.slice(0, 8)}/${endpoint.region}/s3/aws4_request`;
    let key = Buffer.from(`AWS4${endpoint.secretAccessKey}`);
    for (const step of this.#scope.split('/')) key = createHmac('sha256', key).update(step).digest();
    this.#key = key;
  }

  /** The head of one request of a set; `payload` is the hash of its body in hex, or `UNSIGNED-PAYLOAD`. */
  sign({ method, bodyBytes }: RequestSet, { target, payload }: { target: string; payload: string }): Buffer {
    const { host, port, accessKeyId } = this.#endpoint;
    const [path = '/', query = ''] = target.split('?', 2);
    const signed = `host:${host}:${port}\nx-amz-content-sha256:${payload}\nx-amz-date:${this.#timestamp}\n`;
    const names = 'host;x-amz-content-sha256;x-amz-date';
    const canonical = `${method}\n${path}\n${query}\n${signed}\n${names}\n${payload}`;
    const digest = hash('sha256', canonical, 'hex');
    const signature = createHmac('sha256', this.#key)
      .update(`AWS4-HMAC-SHA256\n${this.#timestamp}\n${this.#scope}\n${digest}`)
      .digest('hex');
    const credential = `${accessKeyId}/${this.#scope}`;
    return Buffer.from(
      `${method} ${target} HTTP/1.1\r\n` +
        `host: ${host}:${port}\r\n` +
        `x-amz-content-sha256: ${payload}\r\n` +
        `x-amz-date: ${this.#timestamp}\r\n` +
        `authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}\r\n` +
        `${method === 'PUT' ? `content-length: ${bodyBytes}\r\n` : ''}\r\n`,
      'latin1',
    );
  }
}
