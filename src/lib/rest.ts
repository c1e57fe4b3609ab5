/**
 * Gives memory back while there is next to nothing to do. What a start or a load leaves behind, most of it V8's young generation and
 * memory that nobody has collected yet, else stays with the process for a minute and more, as V8 is not short of it. Collecting all
 * of it takes the thread for about a tenth of a second: so that is done only when there was nothing to do for some seconds, seldom, and
 * where there is something to gain.
 */
import { getHeapStatistics } from 'node:v8';

const lookMs = 2000;
/** So many looks in a row must find the thread quiet: longer than threads and stripe buffers are kept that nobody uses. */
const quietLooks = 4;
/** The share of the time in which a quiet thread has something to do, at most. */
const busyShareMax = 0.1;
/** From one collection to the next. */
const looksApart = 15;
const gainBytesMin = 12 * 1024 * 1024;

/** What is looked at, and what is done about it. */
export interface Resting {
  /** Of the time since it was asked last, the share in which the thread had something to do. */
  busyShare(): number;
  /** Memory that the collector holds, used or not. */
  heldBytes(): number;
  collect(): Promise<void>;
}

export class Rest {
  readonly #resting: Resting;
  #quiet = 0;
  /** Looks since the last collection. */
  #since = Number.POSITIVE_INFINITY;
  /** What was held after the last collection. */
  #keptBytes = 0;

  constructor(resting: Resting) {
    this.#resting = resting;
  }

  /** To be called at even intervals. */
  async look(): Promise<void> {
    const { busyShare, heldBytes, collect } = this.#resting;
    this.#since += 1;
    this.#quiet = busyShare() <= busyShareMax ? this.#quiet + 1 : 0;
    if (this.#quiet < quietLooks || this.#since < looksApart) return;
    if (heldBytes() - this.#keptBytes < gainBytesMin) return;
    this.#since = 0;
    await collect();
    this.#keptBytes = heldBytes();
  }
}

/** Has this process give memory back whenever it rests, for as long as it runs. */
export function giveMemoryBackAtRest(): void {
  const rest = new Rest({ busyShare: busyShares(), heldBytes, collect });
  setInterval(() => {
    // Node can be built without an inspector: then nothing is given back but by V8 itself.
    rest.look().catch(() => {});
  }, lookMs).unref();
}

function busyShares(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

function heldBytes(): number {
  const { total_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** The inspector's is the only collection that gives the young generation's memory back, too. */
export async function collect(): Promise<void> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('HeapProfiler.collectGarbage');
  } finally {
    session.disconnect();
  }
}
