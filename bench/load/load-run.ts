/** Sends prepared requests over a number of connections, each as soon as the one before is answered, and keeps the times. */
import { hash } from 'node:crypto';
import { type Answer, Connection, type Outgoing } from './connection.ts';
import type { Endpoint, LoadLimits, LoadResult, RequestSet } from './messages.ts';
import { HeadSigner, unsignedPayload } from './signed-head.ts';

const blockBytesMax = 1024 * 1024;
/** After so many failures there is nothing to measure. */
const failuresMax = 100;

export interface PreparedSet {
  readonly endpoint: Endpoint;
  readonly requests: readonly Outgoing[];
}

export function prepare(endpoint: Endpoint, set: RequestSet): PreparedSet {
  const block = bodyBlock(Math.min(set.bodyBytes, blockBytesMax));
  const payload = set.isBodySigned ? hash('sha256', block, 'hex') : unsignedPayload;
  const signer = new HeadSigner(endpoint, new Date());
  const requests = set.targets.map((target) => ({
    head: signer.sign(set, { target, payload }),
    block,
    bodyBytes: set.bodyBytes,
  }));
  return { endpoint, requests };
}

/** Bytes that do not compress and are the same in every run. */
function bodyBlock(length: number): Buffer {
  const block = Buffer.alloc(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block[i] = state;
  }
  return block;
}

export function runLoad(prepared: PreparedSet, limits: LoadLimits): Promise<LoadResult> {
  return new LoadRun(prepared, limits).run();
}

class LoadRun {
  readonly #prepared: PreparedSet;
  readonly #limits: LoadLimits;
  readonly #failures = new Map<string, number>();
  #latencies = new Float64Array(16 * 1024);
  #count = 0;
  #failureCount = 0;
  #begun = 0;
  #open = 0;
  #bytesRead = 0;
  #endMs = Number.POSITIVE_INFINITY;
  #done: () => void = () => {};

  constructor(prepared: PreparedSet, limits: LoadLimits) {
    this.#prepared = prepared;
    this.#limits = limits;
  }

  async run(): Promise<LoadResult> {
    const { connections: count, seconds } = this.#limits;
    const connections = Array.from({ length: count }, () => new Connection(this.#prepared.endpoint));
    const cpu = process.cpuUsage();
    const startMs = performance.now();
    if (seconds !== undefined) this.#endMs = startMs + seconds * 1000;
    await new Promise<void>((resolve) => {
      this.#done = resolve;
      this.#open = connections.length;
      for (const connection of connections) this.#next(connection);
    });
    const elapsed = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    for (const connection of connections) connection.close();
    return {
      count: this.#count,
      seconds: elapsed,
      latenciesMs: this.#latencies.slice(0, this.#count),
      bytesRead: this.#bytesRead,
      failures: this.#failures,
      clientCpuSeconds: (user + system) / 1e6,
    };
  }

  #next(connection: Connection): void {
    const { requests } = this.#prepared;
    const request = requests[this.#begun % requests.length];
    const sentMs = performance.now();
    const isOver = sentMs >= this.#endMs || this.#begun >= (this.#limits.count ?? Number.POSITIVE_INFINITY);
    if (request === undefined || isOver || this.#failureCount >= failuresMax) {
      this.#open -= 1;
      if (this.#open === 0) this.#done();
      return;
    }
    this.#begun += 1;
    connection.send(request, (answer) => {
      this.#keep(answer, performance.now() - sentMs);
      this.#next(connection);
    });
  }

  #keep(answer: Answer | Error, latencyMs: number): void {
    if (answer instanceof Error || answer.status >= 300) {
      const what = answer instanceof Error ? answer.message : `status ${answer.status}`;
      this.#failures.set(what, (this.#failures.get(what) ?? 0) + 1);
      this.#failureCount += 1;
      return;
    }
    if (this.#count === this.#latencies.length) {
      const longer = new Float64Array(2 * this.#count);
      longer.set(this.#latencies);
      this.#latencies = longer;
    }
    this.#latencies[this.#count] = latencyMs;
    this.#count += 1;
    this.#bytesRead += answer.bodyBytes;
  }
}
