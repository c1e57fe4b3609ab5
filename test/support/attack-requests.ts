/** Requests of attackers: signed just as they are sent, so that only what they say can be at fault. */
import { createHash } from 'node:crypto';
import { type AttackStage, alice } from './attack-stage.ts';
import { rootKey } from './daemon.ts';
import { type RawAnswer, sendRaw, wireBytes } from './raw-http.ts';
import { type SigningKey, sha256Hex, signHeader } from './sigv4-sign.ts';

export interface AttackRequest {
  readonly method?: string;
  /** As on the wire. */
  readonly path: string;
  /** As on the wire too. */
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Alice's unless another is named. */
  readonly key?: SigningKey;
}

export interface AttackRequests {
  host(): string;
  send(request: AttackRequest): Promise<RawAnswer>;
  /** A form of the query protocol, by the root unless another key is named. */
  sendForm(service: 'iam' | 'sts', form: string, key?: SigningKey): Promise<RawAnswer>;
  sendUnsigned(method: string, target: string): Promise<RawAnswer>;
}

export function attackRequests(stage: () => AttackStage): AttackRequests {
  const port = (): number => stage().daemon.port;
  const host = (): string => `127.0.0.1:${port()}`;
  return {
    host,
    send({ method = 'GET', path, query = [], headers = {}, body = '', key = alice }) {
      const md5 = createHash('md5').update(body).digest('base64');
      const request = { method, path, query, headers: { host: host(), 'content-md5': md5, ...headers } };
      const signed = signHeader(request, key, { date: new Date(), payload: sha256Hex(body), verbatim: true });
      return sendRaw(wireBytes(signed, body), { port: port(), isHead: method === 'HEAD' });
    },
    sendForm(service, form, key = rootKey) {
      const headers = { host: host(), 'content-type': 'application/x-www-form-urlencoded' };
      const request = { method: 'POST', path: '/', headers };
      const signed = signHeader(request, key, { date: new Date(), payload: sha256Hex(form), service });
      return sendRaw(wireBytes(signed, form), { port: port() });
    },
    sendUnsigned(method, target) {
      const bytes = `${method} ${target} HTTP/1.1\r\nhost: ${host()}\r\ncontent-length: 0\r\n\r\n`;
      return sendRaw(bytes, { port: port() });
    },
  };
}
