/**
 * Requests that a browser sends for a page of another origin: the preflight, which asks before it, and the headers that
 * any answer carries so that the page may see it. Neither asks who the caller is, as a browser signs no preflight.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
 */
import type { IncomingHttpHeaders } from 'node:http';
import { type CorsRule, readCorsRules } from '../../engine/cors-documents.ts';
import { EngineError } from '../../engine/errors.ts';
import type { Buckets } from '../../engine/types.ts';
import type { Target } from '../addressing.ts';
import { S3Error } from '../errors.ts';
import type { EncodedAnswer } from '../model/encode.ts';
import { corsHeaders, findCorsRule, parseRequestedHeaders } from './rules.ts';

const notAllowed =
  "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/** Answers a preflight (OPTIONS). Throws what S3 answers where the request is not allowed, or lacks a header. */
export async function answerPreflight(
  buckets: Buckets,
  headers: IncomingHttpHeaders,
  target: Target,
): Promise<EncodedAnswer> {
  const { origin, 'access-control-request-method': method } = headers;
  if (!origin) throw new S3Error('BadRequest', { message: 'Insufficient information. Origin request header needed.' });
  const rules = await findRules(buckets, target);
  if (rules === undefined) throw forbidden('Bucket not found', method, 'bucket');
  if (rules.length === 0) throw forbidden('CORS is not enabled for this bucket.', method, 'bucket');
  if (method === undefined) {
    throw new S3Error('BadRequest', { message: 'Invalid Access-Control-Request-Method: null' });
  }
  const asked = { origin, method, headers: parseRequestedHeaders(headers['access-control-request-headers']) };
  const rule = findCorsRule(rules, asked);
  if (rule === undefined) throw forbidden(notAllowed, method, target.kind);
  return { status: 200, headers: corsHeaders(rule, asked), body: undefined };
}

/**
 * Names and values by turns of the headers that go with whatever is answered to a request with an `Origin`; none where no
 * rule allows it, which is for the browser to act on. A request with the headers of a preflight is taken for what these
 * say, as AWS was measured to do (2024-01-02, by others).
 */
export async function crossOriginHeaders(
  buckets: Buckets,
  { method = '', headers }: { readonly method?: string | undefined; readonly headers: IncomingHttpHeaders },
  target: Target,
): Promise<readonly string[]> {
  const { origin } = headers;
  if (!origin) return [];
  const asked = {
    origin,
    method: headers['access-control-request-method'] ?? method,
    headers: parseRequestedHeaders(headers['access-control-request-headers']),
  };
  const rule = findCorsRule((await findRules(buckets, target)) ?? [], asked);
  return rule === undefined ? [] : corsHeaders(rule, asked);
}

/** The rules of the bucket that is meant; undefined if there is no such bucket. */
async function findRules(buckets: Buckets, { bucket: name }: Target): Promise<readonly CorsRule[] | undefined> {
  if (name === undefined) return undefined;
  try {
    return await readCorsRules(buckets, await buckets.get(name));
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NoSuchBucket') return undefined;
    throw error;
  }
}

function forbidden(why: string, method: string | undefined, resource: Target['kind']): S3Error {
  const fields = { Method: method ?? 'OPTIONS', ResourceType: resource.toUpperCase() };
  return new S3Error('AccessForbidden', { message: `CORSResponse: ${why}`, fields });
}
