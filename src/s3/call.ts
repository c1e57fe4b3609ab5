/** What a request asks for and who asks it: as its head says or, of a browser's form, its fields. */
import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import type { Target } from './addressing.ts';
import { type AuthenticateOptions, authenticate } from './auth/authenticate.ts';
import type { Authentication, FindSecret } from './auth/types.ts';
import { openBody } from './body.ts';
import type { Visit } from './door/door.ts';
import type { Exchange } from './exchange.ts';
import { receiveForm } from './forms/receive-form.ts';
import { groupedWithHoisted } from './hoisted-headers.ts';
import type { Operation } from './operation.ts';
import { postObject } from './operations/post-object.ts';
import { acceptsRegion, type Regions } from './regions.ts';
import type { OpenBody } from './request-document.ts';

/** A request whose head was read. */
export interface Given {
  readonly exchange: Exchange;
  readonly visit: Visit;
  readonly target: Target;
  /** With those that a presigner moved into the query. */
  readonly headers: IncomingHttpHeaders;
  readonly nowMs: number;
}

/** A request whose signature was verified. */
export interface Call {
  readonly operation: Operation;
  readonly target: Target;
  readonly headers: IncomingHttpHeaders;
  readonly authentication: Authentication;
  readonly openBody: OpenBody;
}

export interface CallOptions {
  readonly findSecret: FindSecret;
  readonly regions: Regions;
  readonly signatureVersion2: boolean;
}

/** Verifies the signature of a request's head. Throws S3Error with the codes and sentences of AWS. */
export function headCall(operation: Operation, given: Given, options: CallOptions): Call {
  const { exchange, visit, target, headers } = given;
  const signedHeaders = visit.headers();
  const { rawPath, rawQuery, hostBucket } = target;
  const authentication = authenticate(
    { method: exchange.request.method ?? '', rawPath, rawQuery, headers: signedHeaders, hostBucket },
    authenticateOptions(given, options),
  );
  const bodyHeaders = groupedWithHoisted(signedHeaders, target.hoisted);
  return {
    operation,
    target,
    headers,
    authentication,
    openBody: (how) => openBody({ source: exchange.body(), headers: bodyHeaders, authentication }, how),
  };
}

/** Reads a form up to its file and verifies its signature; from here on it is a PutObject. Throws S3Error. */
export async function formCall(given: Given, options: CallOptions): Promise<Call> {
  const { exchange, target, headers } = given;
  const { bucket, query } = target;
  assert(bucket !== undefined, 'a form was routed by its bucket');
  const form = await receiveForm(
    { source: exchange.body(), headers, query: query.keys(), bucket },
    authenticateOptions(given, options),
  );
  const object: Target = { ...target, query: new Map(), key: form.key, kind: 'object' };
  return { ...form, operation: postObject(form.fields), target: object };
}

function authenticateOptions({ visit, nowMs }: Given, options: CallOptions): AuthenticateOptions {
  const { findSecret, regions, signatureVersion2 } = options;
  const isAccepted = (other: string) => acceptsRegion(regions, other);
  const { otherHosts } = visit;
  return { findSecret, region: regions.own, acceptsRegion: isAccepted, otherHosts, signatureVersion2, nowMs };
}
