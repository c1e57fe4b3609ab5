/** The way in, the same for all that the port serves: how a request came, whether it is let in, whom it was signed for. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { replicaHeader } from '../../engine/replication/replica-facts.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Foreground } from '../../lib/deference.ts';
import { groupHeaders, type HeaderMap } from '../../lib/sigv4/canonical-request.ts';
import type { Authentication } from '../auth/types.ts';
import { AddressList } from './address-list.ts';
import { Admission, type AdmissionLimits } from './admission.ts';
import { type Arrival, arrivalReader, type ReadArrival } from './arrival.ts';
import type { Pacing } from './pace.ts';
import { PublicEndpoints } from './public-endpoints.ts';

export interface DoorOptions {
  /** Addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[];
  /** URLs, or hosts. */
  readonly publicEndpoints: readonly string[];
  /** From `hostSuffixes`. */
  readonly hostSuffixes: readonly string[];
  readonly limits: AdmissionLimits & { readonly bytesPerSecondMin: number; readonly idleTimeoutMs: number };
  /** Hears of clients' requests. */
  readonly foreground: Foreground;
  /** For how long things take: one that nobody sets. */
  readonly clock: Clock;
}

export class Door {
  /** Those that are trusted. */
  readonly proxies: AddressList;
  readonly readArrival: ReadArrival;
  readonly admission: Admission;
  /** How fast clients must send and read. */
  readonly pacing: Pacing;
  readonly #endpoints: PublicEndpoints;
  readonly #foreground: Foreground;

  constructor({ trustedProxies, publicEndpoints, hostSuffixes, limits, foreground, clock }: DoorOptions) {
    this.proxies = new AddressList(trustedProxies);
    this.readArrival = arrivalReader(this.proxies);
    this.admission = new Admission(limits, clock);
    this.pacing = { bytesPerSecondMin: limits.bytesPerSecondMin, windowMs: limits.idleTimeoutMs, clock };
    this.#endpoints = new PublicEndpoints(publicEndpoints, hostSuffixes);
    this.#foreground = foreground;
  }

  /** Lets a request in until its response is closed. Throws SlowDown. */
  enter(request: IncomingMessage, response: ServerResponse): Visit {
    const visit = this.visit(request);
    this.admission.enter(visit.arrival, response);
    // Another server that replicates to this one waits by itself.
    if (request.headers[replicaHeader] === undefined) this.#foreground.note();
    return visit;
  }

  /** A request that is let in always. */
  visit(request: IncomingMessage): Visit {
    return new Visit(request, this.readArrival(request), this.#endpoints);
  }
}

/** A request that is in. */
export class Visit {
  readonly arrival: Arrival;
  readonly #request: IncomingMessage;
  readonly #endpoints: PublicEndpoints;

  constructor(request: IncomingMessage, arrival: Arrival, endpoints: PublicEndpoints) {
    this.arrival = arrival;
    this.#request = request;
    this.#endpoints = endpoints;
  }

  /** Its headers as they were signed: for the host that the client spoke to. */
  headers(): HeaderMap {
    const headers = groupHeaders(this.#request.rawHeaders);
    const { host, receivedHost } = this.arrival;
    return host === receivedHost ? headers : new Map([...headers, ['host', [host]]]);
  }

  /** Hosts that it may have been signed for instead. */
  get otherHosts(): readonly string[] {
    return this.#endpoints.besides(this.arrival);
  }

  /** Scheme and host that the client knows the server by: those that it signed for, or spoke to. */
  originFor(authentication: Authentication): string {
    const { host, isSecure } = this.arrival;
    const signedHost = authentication.kind === 'signed' ? authentication.otherHost : undefined;
    return this.#endpoints.originOf({ host: signedHost ?? host, isSecure });
  }
}
