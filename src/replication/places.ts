/** Where a bucket is on another server: at which host, and by what path. Pure. */
import { AnswerXml } from './answer-xml.ts';
import type { Answer } from './exchange.ts';

export interface Place {
  readonly origin: URL;
  /** That requests are signed for. */
  readonly region: string;
  /** Whether the bucket is named in the path; if not, in the host's name. */
  readonly pathStyle: boolean;
}

const redirecting = new Set([301, 302, 307, 308]);

/** Percent-encoded as Signature Version 4 wants it. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Where a request is sent, and its path. */
export function pathOf({ origin, pathStyle }: Place, { bucket, key }: { bucket: string; key?: string }) {
  const names = [...(pathStyle ? [bucket] : []), ...(key === undefined ? [] : [key])];
  const rawPath = `/${names.map((name) => name.split('/').map(encode).join('/')).join('/')}`;
  return { origin: pathStyle ? origin : withHost(origin, `${bucket}.${origin.hostname}`), rawPath };
}

/**
 * Where an answer sends a request for a bucket: to the host that it names, with a path that is made anew. Undefined for any other
 * answer, and for one that would have the text sent in clear that was not before.
 */
export function redirectOf(
  { status, headers, text }: Answer,
  { bucket, place }: { bucket: string; place: Place },
): Place | undefined {
  if (!redirecting.has(status)) return undefined;
  const endpoint = new AnswerXml(text).textOf('Endpoint');
  const named = headers.location ?? (endpoint && `${place.origin.protocol}//${endpoint}`);
  const origin = named === undefined ? place.origin : URL.parse(named, place.origin);
  const region = headers['x-amz-bucket-region'];
  if (origin === null || (origin.protocol !== 'https:' && place.origin.protocol === 'https:')) return undefined;
  const inHost = origin.hostname.startsWith(`${bucket}.`);
  const next = {
    origin: withHost(origin, inHost ? origin.hostname.slice(bucket.length + 1) : origin.hostname),
    region: typeof region === 'string' ? region : place.region,
    pathStyle: !inHost,
  };
  const isSame = next.origin.host === place.origin.host && next.region === place.region;
  return isSame && next.pathStyle === place.pathStyle ? undefined : next;
}

function withHost(origin: URL, hostname: string): URL {
  const port = origin.port === '' ? '' : `:${origin.port}`;
  return new URL(`${origin.protocol}//${hostname}${port}`);
}
