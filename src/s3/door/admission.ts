/**
 * Who is let in, and how often. Each limit that is not configured costs one comparison. Who is over a limit is answered
 * SlowDown, which clients take as a wish to try again later; IAM's API says Throttling instead.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../lib/clock.ts';
import { type Rate, RateTable } from '../../lib/rate-table.ts';
import { S3Error } from '../errors.ts';
import type { Arrival } from './arrival.ts';
import { clientOf } from './client-address.ts';
import { Crowd } from './crowd.ts';

export interface AdmissionLimits {
  /** Requests that run at once. */
  readonly requestsMax: number;
  /** Of one client address. */
  readonly requestsPerAddressMax?: number | undefined;
  /** Requests of one client address, whoever signs them. */
  readonly address?: Rate | undefined;
  /** Requests signed with one access key. */
  readonly accessKey?: Rate | undefined;
  /** Requests to the keys of a bucket that begin alike. */
  readonly prefix?: { readonly writesPerSecond: number; readonly readsPerSecond: number } | undefined;
}

/** What a request is about; a listing, about its prefix. */
export interface Subject {
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly query: ReadonlyMap<string, string>;
}

export class Admission {
  readonly #crowd: Crowd;
  readonly #addresses: RateTable | undefined;
  readonly #accessKeys: RateTable | undefined;
  readonly #prefixes: { readonly reads: RateTable; readonly writes: RateTable } | undefined;

  constructor(limits: AdmissionLimits, clock: Clock) {
    const tableOf = (rate: Rate | undefined) => rate && new RateTable(rate, clock);
    this.#crowd = new Crowd({ totalMax: limits.requestsMax, perAddressMax: limits.requestsPerAddressMax });
    this.#addresses = tableOf(limits.address);
    this.#accessKeys = tableOf(limits.accessKey);
    const { prefix } = limits;
    this.#prefixes = prefix && {
      reads: new RateTable({ perSecond: prefix.readsPerSecond, burst: prefix.readsPerSecond }, clock),
      writes: new RateTable({ perSecond: prefix.writesPerSecond, burst: prefix.writesPerSecond }, clock),
    };
  }

  /** Lets a request in until its response is closed. To be asked before anything is done for it. Throws SlowDown. */
  enter(arrival: Arrival, response: ServerResponse): void {
    const { address } = arrival;
    if (this.#addresses?.take(clientOf(address)) === false) throw new S3Error('SlowDown');
    const leave = this.#crowd.enter(address);
    if (leave === undefined) throw new S3Error('SlowDown');
    // It comes once, so that nothing need see to that.
    response.on('close', leave);
  }

  /** To be asked once the signature is verified: nobody uses up what is another's. Throws SlowDown. */
  admitKey(accessKeyId: string): void {
    if (this.#accessKeys?.take(accessKeyId) === false) throw new S3Error('SlowDown');
  }

  /**
   * To be asked once the request is authorised. A prefix is what stands before the first slash of a key, the one partition
   * that a client can know of; S3 finds its own by the load. Throws SlowDown.
   */
  admitPrefix(method: string | undefined, { bucket, key, query }: Subject): void {
    if (this.#prefixes === undefined || bucket === undefined) return;
    const { reads, writes } = this.#prefixes;
    const table = method === 'GET' || method === 'HEAD' ? reads : writes;
    const name = key ?? query.get('prefix') ?? '';
    if (!table.take(`${bucket}/${name.slice(0, name.indexOf('/') + 1)}`)) throw new S3Error('SlowDown');
  }
}
