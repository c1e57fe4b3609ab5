/**
 * Names by which clients know the server, where a proxy in front of it shows it another Host. A request whose signature is
 * not right for the host that it came in for may have been signed for one of these.
 *
 * A host may name a bucket (photos.s3.example.org). So that a request for one bucket never counts for another, a request is
 * only ever held against hosts that name the same bucket as the one that it came in for, or none like it.
 */
import { bucketOfHost } from '../addressing.ts';
import type { Arrival } from './arrival.ts';

const none: readonly string[] = [];

interface Endpoint {
  /** As clients sign it: with the port, unless it is the scheme's own. */
  readonly host: string;
  /** Undefined where only a host is configured: then that of the request. */
  readonly scheme: string | undefined;
  /** Whether buckets may stand before its name. */
  readonly isDomain: boolean;
}

export class PublicEndpoints {
  readonly #endpoints: readonly Endpoint[];
  readonly #suffixes: readonly string[];

  /** `names` are URLs, or hosts; `suffixes` come from `hostSuffixes`. */
  constructor(names: readonly string[], suffixes: readonly string[]) {
    this.#suffixes = suffixes;
    this.#endpoints = names.map((name) => {
      const { host, scheme } = splitEndpoint(name);
      return { host, scheme, isDomain: suffixes.includes(withoutPort(host)) };
    });
  }

  /** Hosts for which a request may have been signed beside the one that it came in for. */
  besides({ host, receivedHost }: Pick<Arrival, 'host' | 'receivedHost'>): readonly string[] {
    if (this.#endpoints.length === 0 && receivedHost === host) return none;
    const bucket = bucketOfHost(host, this.#suffixes);
    const others = this.#endpoints.flatMap((endpoint) => {
      if (bucket === undefined) return endpoint.host;
      return endpoint.isDomain ? `${bucket}.${endpoint.host}` : [];
    });
    if (bucketOfHost(receivedHost, this.#suffixes) === bucket) others.unshift(receivedHost);
    return others.filter((other) => other !== host);
  }

  /** Scheme and host for links to what a client asked for: those that it knows the server by. */
  originOf({ host, isSecure }: Pick<Arrival, 'host' | 'isSecure'>): string {
    const known = this.#endpoints.find(
      (endpoint) => endpoint.host === host || (endpoint.isDomain && host.endsWith(`.${endpoint.host}`)),
    );
    return `${known?.scheme ?? (isSecure ? 'https:' : 'http:')}//${host}`;
  }
}

/** Whether a setting names an endpoint: a URL that is no more than scheme and host, or a host. */
export function isEndpoint(name: string): boolean {
  const url = name.includes('://') ? name : `http://${name}`;
  return /^https?:\/\/[^/?#@]+\/?$/.test(url) && URL.canParse(url);
}

/** Whether an endpoint names a bucket, so that requests for others could be taken for it. */
export function namesBucket(name: string, suffixes: readonly string[]): boolean {
  return bucketOfHost(splitEndpoint(name).host, suffixes) !== undefined;
}

/** Name or address of an endpoint, without a port. */
export function hostOfEndpoint(name: string): string {
  return new URL(`http://${splitEndpoint(name).host}`).hostname.replace(/^\[|\]$/g, '');
}

function splitEndpoint(name: string): { host: string; scheme: string | undefined } {
  if (!name.includes('://')) return { host: new URL(`none://${name}`).host.toLowerCase(), scheme: undefined };
  const { host, protocol } = new URL(name);
  return { host, scheme: protocol };
}

function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '');
}
