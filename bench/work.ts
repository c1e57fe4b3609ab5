/** What a row of the bench is: how it is measured, given the machine's limits and a server to measure. */

import type { LoadClient } from './load/load-client.ts';
import type { Endpoint, RequestSet } from './load/messages.ts';
import type { Figure, Unit } from './report/figure.ts';

/** The endpoint that is measured. */
export interface Site {
  readonly endpoint: Endpoint;
  /** The same, asked by a user whose rights stand in ten policies; at servers of our own. */
  readonly limitedUser?: Endpoint;
  /** A bucket for the works of one stage. */
  readonly bucket: string;
  /** The server's process, where it is known. */
  readonly pid: number | undefined;
  /** Says what a set is about to write, so that it is removed in the end. */
  willWrite(set: RequestSet): void;
  /** Sends every request of the set once, unless that was done before. */
  fill(set: RequestSet, connections: number): Promise<void>;
  /** Lets the work run under a profiler, if profiles are asked for, and keeps the profile under its name. */
  profile(name: string, work: () => Promise<unknown>): Promise<void>;
}

/** A limit of the machine that can be measured again and again. */
export interface Meter {
  readonly what: string;
  readonly unit: Unit;
  measure(seconds: number): Promise<number>;
}

/** Each stage has a fresh server, so that what one leaves behind does not burden the next. */
export type Stage = 'small' | 'medium' | 'large' | 'pages' | 'memory';

export interface Bench {
  readonly load: LoadClient;
  /** A folder on the disk that is measured, removed at the end. */
  readonly folder: string;
  /** Folder for CPU profiles, if there shall be any. */
  readonly profileFolder: string | undefined;
  /** How long each work is measured, and its limit too. */
  readonly seconds: number;
  /** How much goes in and out while memory is watched. */
  readonly memoryGibibytes: number;
  site(stage: Stage): Promise<Site>;
  /** node:http that answers a constant of 4 KiB, or a plain file of so many bytes. */
  nodeHttp(answer: 'constant' | number): Promise<Endpoint>;
}

export interface Work {
  /** Names of the figures that it gives. */
  readonly names: readonly string[];
  /** Set where it needs a server of our own, with a sentence why. */
  readonly ownServerBecause?: string;
  run(bench: Bench): Promise<readonly Figure[]>;
}
