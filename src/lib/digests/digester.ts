/**
 * Digests of byte streams, off the main thread where that pays. Small bodies are hashed where they are: a message to another
 * thread costs more than hashing 256 KiB saves. Large bodies, and those of unknown length, go to a few threads that start
 * when needed and end when they had nothing to do for some seconds. Each holds 4 MiB of shared memory, however many streams it serves.
 */
import { availableParallelism } from 'node:os';
import { ownsItsMemory } from '../free-buffer.ts';
import { keptIdleMs } from '../idle-timer.ts';
import type { ChecksumAlgorithm, Digested, Digester, Digests } from './algorithms.ts';
import { DigestThread, type RingSize } from './digest-thread.ts';
import { digestAtOnce } from './hashers.ts';
import { InlineDigester } from './inline-digester.ts';

/** Bodies up to this length are hashed in the calling thread. */
const inlineBytesMax = 256 * 1024;

const defaultRing: RingSize = { slots: 16, slotBytes: 256 * 1024 };
const defaultThreads = Math.max(1, Math.min(4, availableParallelism() - 1));

/** Threads that hash, shared by all streams. A thread that dies fails its streams and is replaced at the next `open`. */
export class DigestPool {
  readonly #threadsMax: number;
  readonly #ring: RingSize;
  readonly #threads = new Set<DigestThread>();
  readonly #idleMsMax: number;

  constructor(options: { threads?: number; ring?: RingSize; idleMsMax?: number } = {}) {
    this.#threadsMax = options.threads ?? defaultThreads;
    this.#ring = options.ring ?? defaultRing;
    this.#idleMsMax = options.idleMsMax ?? keptIdleMs;
  }

  /** A digester on the thread with the fewest streams. It must be finished or aborted. */
  open(algorithms: ReadonlySet<ChecksumAlgorithm>): Digester {
    return this.#pick().open(algorithms);
  }

  /** See `digestGiven`: on the thread with the fewest streams. */
  digestWhole(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array<ArrayBuffer>): Promise<Digested> {
    return this.#pick().digestWhole(algorithms, bytes);
  }

  /** Threads that are there now. */
  get threads(): number {
    return this.#threads.size;
  }

  /** Ends the threads; digests that are not finished fail. The pool may be used again. */
  async close(): Promise<void> {
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.close()));
  }

  #pick(): DigestThread {
    let best: DigestThread | undefined;
    for (const thread of this.#threads) {
      if (best === undefined || thread.load < best.load) best = thread;
    }
    if (best !== undefined && (best.load === 0 || this.#threads.size >= this.#threadsMax)) return best;
    const options = { ...this.#ring, idleMsMax: this.#idleMsMax };
    const thread = new DigestThread(options, (ended) => this.#threads.delete(ended));
    this.#threads.add(thread);
    return thread;
  }
}

const sharedPool = new DigestPool();

/**
 * A digester of the algorithms for one byte stream. `sizeHintBytes` is the length if known: it decides where the work is
 * done, and nothing else depends on it. `update` returns a promise only when it must wait; the caller awaits it before the
 * next call. A failing thread rejects `update` and `finish`. The digester must be finished or aborted.
 */
export function openDigester(algorithms: ReadonlySet<ChecksumAlgorithm>, sizeHintBytes?: number): Digester {
  if (sizeHintBytes !== undefined && sizeHintBytes <= inlineBytesMax) return new InlineDigester(algorithms);
  return sharedPool.open(algorithms);
}

/** Digests of bytes at hand, which must not change until then. */
export async function digest(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array): Promise<Digests> {
  const small = bytes.length <= inlineBytesMax ? digestsAtOnce(algorithms, bytes) : undefined;
  if (small !== undefined) return small;
  const digester = openDigester(algorithms, bytes.length);
  try {
    await digester.update(bytes);
    return await digester.finish();
  } catch (error) {
    digester.abort();
    throw error;
  }
}

/** Undefined if one of the algorithms cannot do without a digester. */
function digestsAtOnce(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array): Digests | undefined {
  const digests = new Map<ChecksumAlgorithm, Uint8Array>();
  for (const algorithm of algorithms) {
    const found = digestAtOnce(algorithm, bytes);
    if (found === undefined) return undefined;
    digests.set(algorithm, found);
  }
  return digests;
}

/**
 * Digests of bytes that the caller gives away and gets back in the answer: those that it holds may be empty from now on. Where
 * they lie in memory of their own, that goes to a thread and comes back, and no byte is copied.
 */
export async function digestGiven(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array): Promise<Digested> {
  if (bytes.length > inlineBytesMax && ownsItsMemory(bytes)) return sharedPool.digestWhole(algorithms, bytes);
  return { digests: await digest(algorithms, bytes), bytes };
}
