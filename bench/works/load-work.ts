/** Works that are requests over HTTP: how many a second, how long each takes, and what they cost the server. */
import { byTurns, rounds, type Turns } from '../by-turns.ts';
import type { Prepared } from '../load/load-client.ts';
import type { LoadResult, RequestSet } from '../load/messages.ts';
import type { Aim, Figure, Unit } from '../report/figure.ts';
import { percentile, sortedTogether } from '../report/statistics.ts';
import { cpuSeconds, memory, resetPeak } from '../server/process-figures.ts';
import type { Bench, Meter, Site, Stage, Work } from '../work.ts';

export interface LoadWork {
  readonly name: string;
  readonly title: string;
  readonly stage: Stage;
  readonly connections: number;
  readonly unit: Unit;
  /** Bytes that each request carries, where the unit is one of bytes. */
  readonly requestBytes: number;
  readonly aim?: Aim;
  readonly ownServerBecause?: string;
  requests(bucket: string): RequestSet;
  /** What must be there before the first request. */
  prepare?(site: Site): Promise<void>;
  limit?(bench: Bench, site: Site): Promise<Meter>;
}

const mebibyte = 1024 * 1024;
/** At most so long a work and its limit run before they count: compiled code is part of a server that runs. */
const warmUpSecondsMax = 2;

export function loadWork(spec: LoadWork): Work {
  const { name, ownServerBecause } = spec;
  return {
    names: [name],
    ...(ownServerBecause !== undefined && { ownServerBecause }),
    async run(bench) {
      const site = await bench.site(spec.stage);
      await spec.prepare?.(site);
      const requests = spec.requests(site.bucket);
      if (requests.method === 'PUT') site.willWrite(requests);
      const prepared = await bench.load.prepare(site.endpoint, requests);
      const meter = await spec.limit?.(bench, site);
      const sampler = new Sampler(spec, { site, prepared });
      const figure = await measure(spec, bench, { sampler, meter });
      // After the figure, which the profiler would spoil, and without the limit, during which the server is idle.
      await site.profile(name, () => sampler.sample(bench.seconds));
      return [figure];
    },
  };
}

async function measure(
  { name, title, unit, aim }: LoadWork,
  { seconds }: Bench,
  { sampler, meter }: { sampler: Sampler; meter: Meter | undefined },
): Promise<Figure> {
  const slice = seconds / rounds;
  const warmUpSeconds = Math.min(seconds, warmUpSecondsMax);
  await sampler.sample(warmUpSeconds);
  await meter?.measure(warmUpSeconds);
  await sampler.reset();
  const turns: Turns = await byTurns(rounds, {
    measure: () => sampler.sample(slice),
    measureLimit: async () => (await meter?.measure(slice)) ?? Number.NaN,
  });
  const measured = { value: turns.measured, unit };
  const extras = await sampler.extras();
  if (meter === undefined) return { name, title, measured, ...extras };
  // Where less is better the ratio says how many times as long as its limit a request takes.
  const ratio = aim?.isMost ? 1 / turns.ratio : turns.ratio;
  const limit = { value: turns.limit, unit: meter.unit, what: meter.what };
  return { name, title, measured, limit, ratio, ...(aim !== undefined && { aim }), ...extras };
}

/** Measures slice after slice and keeps what the figure tells beside the speed. */
class Sampler {
  readonly #work: LoadWork;
  readonly #site: Site;
  readonly #prepared: Prepared;
  #results: LoadResult[] = [];
  #cpuSeconds: number | undefined = 0;

  constructor(work: LoadWork, { site, prepared }: { site: Site; prepared: Prepared }) {
    this.#work = work;
    this.#site = site;
    this.#prepared = prepared;
  }

  async sample(seconds: number): Promise<number> {
    const { connections, unit, requestBytes } = this.#work;
    const before = await this.#cpu();
    const result = await this.#prepared.run({ connections, seconds });
    const after = await this.#cpu();
    const spent = before === undefined || after === undefined ? undefined : after - before;
    this.#cpuSeconds = spent === undefined ? undefined : (this.#cpuSeconds ?? 0) + spent;
    this.#results.push(result);
    return speedOf(result, { unit, requestBytes });
  }

  async reset(): Promise<void> {
    this.#results = [];
    this.#cpuSeconds = 0;
    if (this.#site.pid !== undefined) await resetPeak(this.#site.pid);
  }

  async extras(): Promise<Omit<Figure, 'name' | 'title' | 'measured'>> {
    const sorted = sortedTogether(this.#results.map(({ latenciesMs }) => latenciesMs));
    const clientSeconds = this.#results.reduce((sum, { clientCpuSeconds }) => sum + clientCpuSeconds, 0);
    const failures = this.#results.flatMap((result) => [...result.failures]);
    const found = this.#site.pid === undefined ? undefined : await memory(this.#site.pid);
    const perRequest = (seconds: number): number => (seconds * 1000) / Math.max(1, sorted.length);
    return {
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      ...(this.#cpuSeconds !== undefined && { cpuMsPerRequest: perRequest(this.#cpuSeconds) }),
      clientCpuMsPerRequest: perRequest(clientSeconds),
      ...(found !== undefined && { peakMebibytes: found.peakMebibytes }),
      ...(failures.length > 0 && { failures: Object.fromEntries(failures) }),
    };
  }

  async #cpu(): Promise<number | undefined> {
    return this.#site.pid === undefined ? undefined : cpuSeconds(this.#site.pid);
  }
}

export function speedOf(result: LoadResult, { unit, requestBytes }: { unit: Unit; requestBytes: number }): number {
  const perSecond = result.count / result.seconds;
  return unit === 'MiB/s' ? (perSecond * requestBytes) / mebibyte : perSecond;
}
