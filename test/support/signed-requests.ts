/** Raw requests to a test server, signed with its root key. */
import type { Daemon } from './daemon.ts';
import { type RawAnswer, type SignedRequest, sendRaw, signRaw, wireBytes } from './raw-http.ts';
import type { ChunkSigner, WireRequest } from './sigv4-sign.ts';

export type Request = Omit<SignedRequest, 'key' | 'host'> & Partial<Pick<SignedRequest, 'key' | 'host'>>;

export interface SignedRequests {
  /** Signed for the server's address, unless the request names another host or key. */
  sign(request: Request): WireRequest & { signer: ChunkSigner };
  /** The bytes of a signed request with its body. */
  bytes(request: Request): Buffer;
  /** Sends it on a connection of its own. */
  send(request: Request): Promise<RawAnswer>;
  /** Sends what is signed already, or not at all. */
  sendWire(request: WireRequest, body?: string | Uint8Array): Promise<RawAnswer>;
}

export function signedRequests(daemon: () => Daemon): SignedRequests {
  const sign = (request: Request) => signRaw({ host: `127.0.0.1:${daemon().port}`, key: daemon(), ...request });
  const sendWire = (request: WireRequest, body?: string | Uint8Array): Promise<RawAnswer> =>
    sendRaw(wireBytes(request, body), { port: daemon().port, isHead: request.method === 'HEAD' });
  return {
    sign,
    sendWire,
    bytes: (request) => wireBytes(sign(request), request.body),
    send: (request) => sendWire(sign(request), request.body),
  };
}
