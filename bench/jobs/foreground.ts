/** Clients that read and write small objects, each kind in a process of its own, and how long they waited. */
import { LoadClient, type Prepared } from '../load/load-client.ts';
import type { Endpoint, LoadResult, RequestSet } from '../load/messages.ts';
import { percentile, sortedTogether } from '../report/statistics.ts';

const objectBytes = 4096;
const keys = 10_000;

export interface RequestFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

export interface ForegroundFigures {
  readonly get: RequestFigures;
  readonly put: RequestFigures;
  readonly results: { readonly get: readonly LoadResult[]; readonly put: readonly LoadResult[] };
}

interface Side {
  readonly load: LoadClient;
  readonly prepared: Prepared;
  results: LoadResult[];
}

export class Foreground implements Disposable {
  readonly #clients: number;
  readonly #get: Side;
  readonly #put: Side;

  private constructor(clients: number, get: Side, put: Side) {
    this.#clients = clients;
    this.#get = get;
    this.#put = put;
  }

  /** Puts all objects once, and lets the server warm up. */
  static async start(
    endpoint: Endpoint,
    { bucket, clients }: { bucket: string; clients: number },
  ): Promise<Foreground> {
    const targets = Array.from({ length: keys }, (_, i) => `/${bucket}/${i % 100}/${i}`);
    const side = async (method: 'GET' | 'PUT'): Promise<Side> => {
      const load = await LoadClient.start();
      const set: RequestSet = { method, targets, bodyBytes: method === 'PUT' ? objectBytes : 0, isBodySigned: true };
      return { load, prepared: await load.prepare(endpoint, set), results: [] };
    };
    const foreground = new Foreground(clients, await side('GET'), await side('PUT'));
    await foreground.#put.prepared.run({ connections: 32, count: keys });
    await foreground.run(2);
    foreground.take();
    return foreground;
  }

  /** Asks for so long. */
  async run(seconds: number): Promise<void> {
    await Promise.all(
      [this.#get, this.#put].map(async ({ prepared, results }) => {
        const result = await prepared.run({ connections: this.#clients, seconds });
        if (result.failures.size > 0) throw new Error(`Requests failed: ${[...result.failures.keys()].join(', ')}`);
        results.push(result);
      }),
    );
  }

  /** What was measured since the last call, with what was measured before. */
  take(before?: ForegroundFigures): ForegroundFigures {
    const results = {
      get: [...(before?.results.get ?? []), ...this.#get.results],
      put: [...(before?.results.put ?? []), ...this.#put.results],
    };
    this.#get.results.length = 0;
    this.#put.results.length = 0;
    return { get: figuresOf(results.get), put: figuresOf(results.put), results };
  }

  [Symbol.dispose](): void {
    this.#get.load[Symbol.dispose]();
    this.#put.load[Symbol.dispose]();
  }
}

function figuresOf(results: readonly LoadResult[]): RequestFigures {
  const sorted = sortedTogether(results.map(({ latenciesMs }) => latenciesMs));
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return {
    perSecond: sorted.length / seconds,
    p50Ms: percentile(sorted, 0.5),
    p99Ms: percentile(sorted, 0.99),
    longestMs: sorted.at(-1) ?? Number.NaN,
  };
}
