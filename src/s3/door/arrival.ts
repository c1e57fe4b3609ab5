/**
 * How a request came in: from which address, for which host, and whether by TLS. What a reverse proxy says of that
 * (X-Forwarded-For, -Proto, -Host) counts only from an address that the configuration trusts; from any other it is ignored
 * wholly, as every client can write it. A proxy that is trusted must set or remove all three.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { parseIpRange } from '../../iam/policy/ip-range.ts';
import type { AddressList } from './address-list.ts';

export interface Arrival {
  /** Of the client; of the nearest proxy that is not trusted, if it came through one. Undefined once the client is gone. */
  readonly address: string | undefined;
  /** Host, with the port if it names one, that the client spoke to; empty where it named none. */
  readonly host: string;
  /** The Host header as it came in, which a proxy may have replaced. */
  readonly receivedHost: string;
  /** Whether the client's own connection was by TLS. */
  readonly isSecure: boolean;
  /** `TLSv1.3` and the like; undefined for plain HTTP, and where a proxy has ended TLS. */
  readonly tlsVersion: string | undefined;
}

export type ReadArrival = (request: IncomingMessage) => Arrival;

/** Reads arrivals, believing these proxies. */
export function arrivalReader(proxies: AddressList): ReadArrival {
  if (proxies.isEmpty) return ownArrival;
  return (request) => {
    const own = ownArrival(request);
    return proxies.has(own.address) ? forwarded(request, own, proxies) : own;
  };
}

function ownArrival({ socket, headers: { host = '' } }: IncomingMessage): Arrival {
  const isSecure = socket instanceof TLSSocket;
  return {
    address: socket.remoteAddress,
    host,
    receivedHost: host,
    isSecure,
    tlsVersion: isSecure ? (socket.getProtocol() ?? undefined) : undefined,
  };
}

function forwarded({ headers }: IncomingMessage, own: Arrival, proxies: AddressList): Arrival {
  const protocol = lastOf(headers['x-forwarded-proto']);
  return {
    address: clientOf(listOf(headers['x-forwarded-for']), proxies) ?? own.address,
    host: lastOf(headers['x-forwarded-host']) ?? own.host,
    receivedHost: own.host,
    isSecure: protocol === undefined ? own.isSecure : protocol.toLowerCase() === 'https',
    tlsVersion: own.isSecure && protocol === undefined ? own.tlsVersion : undefined,
  };
}

/**
 * The last address of X-Forwarded-For that no trusted proxy has: each proxy adds whom it heard, so what stands before that
 * one the client may have written itself. If all are trusted it is the first. What is no address hides all before it.
 */
function clientOf(hops: readonly string[], proxies: AddressList): string | undefined {
  let client: string | undefined;
  for (const hop of hops.toReversed()) {
    const address = addressOf(hop);
    if (address === undefined) return client;
    client = address;
    if (!proxies.has(address)) return client;
  }
  return client;
}

/** Some proxies write ports, and brackets around addresses of IPv6. */
function addressOf(hop: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\](?::\d+)?|([\d.]+)(?::\d+)?)$/.exec(hop) ?? [];
  const address = bracketed ?? plain ?? hop;
  return address.includes('/') || parseIpRange(address) === undefined ? undefined : address;
}

function lastOf(header: string | string[] | undefined): string | undefined {
  return listOf(header).at(-1);
}

function listOf(header: string | string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  return header
    .toString()
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
