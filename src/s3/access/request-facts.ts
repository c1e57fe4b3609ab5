/** Reads off a request what conditions may ask of the way it came in. */
import type { IncomingHttpHeaders } from 'node:http';
import { anonymous } from '../../iam/identity.ts';
import type { Authentication } from '../auth/types.ts';
import type { Arrival } from '../door/arrival.ts';
import type { RequestFacts } from './request-context.ts';

export interface RequestHead {
  readonly requestId: string;
  readonly arrival: Arrival;
  /** With those that a presigner moved into the query. */
  readonly headers: IncomingHttpHeaders;
  readonly query: ReadonlyMap<string, string>;
  readonly authentication: Authentication;
  readonly nowMs: number;
  readonly region: string;
}

export function requestFacts(head: RequestHead): RequestFacts {
  const { requestId, arrival, headers, query, authentication, nowMs, region } = head;
  const isSigned = authentication.kind === 'signed';
  return {
    requestId,
    identity: isSigned ? authentication.identity : anonymous,
    header: (name) => headers[name]?.toString(),
    query: (name) => query.get(name),
    nowMs,
    sourceIp: arrival.address,
    isSecure: arrival.isSecure,
    tlsVersion: arrival.tlsVersion,
    signature: isSigned ? authentication : undefined,
    region,
  };
}
