/** What the bench finds out: one figure beside its limit. Everything that is shown or compared is made of these. */

export type Unit = 'per s' | 'MiB/s' | 'ms' | 'µs' | 'MiB';

export interface Quantity {
  readonly value: number;
  readonly unit: Unit;
}

/** What the ratio of figure and limit should be: at least so much, or at most where less is better. */
export interface Aim {
  readonly ratio: number;
  readonly isMost?: true;
}

export interface Figure {
  /** Names it to `--only` and in the baseline. */
  readonly name: string;
  readonly title: string;
  readonly measured: Quantity;
  /** What was measured beside it, by turns. */
  readonly limit?: Quantity & { readonly what: string };
  /** Speed as a share of the limit's; with an aim of `isMost`, the multiple of the limit that it takes. */
  readonly ratio?: number;
  /** Where the ratio lies with a confidence of 95 of 100, where it was measured often enough. */
  readonly ratioBounds?: readonly [number, number];
  readonly aim?: Aim;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** Processor time of the server, all its threads, and of the client. */
  readonly cpuMsPerRequest?: number;
  readonly clientCpuMsPerRequest?: number;
  /** The most memory that the server had resident meanwhile. */
  readonly peakMebibytes?: number;
  /** Requests that failed, by what they failed with. */
  readonly failures?: Readonly<Record<string, number>>;
}

export function isMet({ ratio, aim }: Figure): boolean | undefined {
  if (ratio === undefined || aim === undefined) return undefined;
  return aim.isMost ? ratio <= aim.ratio : ratio >= aim.ratio;
}
