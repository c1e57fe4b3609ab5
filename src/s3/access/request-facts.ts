/** Reads off a request what conditions may ask of the way it came in. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { anonymous } from '../../iam/identity.ts';
import type { Authentication } from '../auth/types.ts';
import type { RequestFacts } from './request-context.ts';

export interface RequestHead {
  readonly requestId: string;
  readonly incoming: IncomingMessage;
  /** With those that a presigner moved into the query. */
  readonly headers: IncomingHttpHeaders;
  readonly query: ReadonlyMap<string, string>;
  readonly authentication: Authentication;
  readonly nowMs: number;
  readonly region: string;
}

export function requestFacts(head: RequestHead): RequestFacts {
  const { requestId, incoming, headers, query, authentication, nowMs, region } = head;
  const { socket } = incoming;
  const isSigned = authentication.kind === 'signed';
  return {
    requestId,
    identity: isSigned ? authentication.identity : anonymous,
    header: (name) => headers[name]?.toString(),
    query: (name) => query.get(name),
    nowMs,
    sourceIp: socket.remoteAddress,
    tlsVersion: socket instanceof TLSSocket ? (socket.getProtocol() ?? undefined) : undefined,
    signature: isSigned ? authentication : undefined,
    region,
  };
}
