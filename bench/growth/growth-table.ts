/** How cost grows with one quantity: a row for each size of it. */
import type { LoadClient } from '../load/load-client.ts';
import type { Endpoint, LoadLimits, LoadResult, RequestSet } from '../load/messages.ts';
import { columnsText } from '../report/columns.ts';
import { percentile } from '../report/statistics.ts';
import { digits } from '../report/table.ts';

export interface GrowthTable {
  readonly title: string;
  /** What grows, then what is measured. */
  readonly headings: readonly string[];
  readonly rows: readonly GrowthRow[];
}

export interface GrowthRow {
  readonly size: string;
  readonly values: readonly number[];
}

export interface GrowthBench {
  readonly load: LoadClient;
  readonly folder: string;
  /** How long each value is measured. */
  readonly seconds: number;
}

export function growthText({ title, headings, rows }: GrowthTable): string {
  const cells = rows.map(({ size, values }) => [size, ...values.map(digits)]);
  return `${title}\n${columnsText([headings, ...cells], new Set([0]))}`;
}

export interface Pace {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Requests as they come from the load process. Throws if one fails. */
export async function paceOf(
  { load }: GrowthBench,
  { endpoint, set }: { endpoint: Endpoint; set: RequestSet },
  limits: LoadLimits,
): Promise<Pace> {
  const prepared = await load.prepare(endpoint, set);
  const result: LoadResult = await prepared.run(limits);
  if (result.failures.size > 0) throw new Error(`${set.method} failed: ${[...result.failures.keys()].join(', ')}`);
  const sorted = result.latenciesMs.sort();
  return {
    perSecond: result.count / result.seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
  };
}
