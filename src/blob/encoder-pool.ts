/**
 * Encodes stripes on a few threads, so that the main thread goes on serving. Threads start with the first large stripe, and end when
 * there was none for some seconds.
 * A thread that dies takes nothing with it: what it had in hand is encoded here, and so is all that follows.
 */
import type { Worker } from 'node:worker_threads';
import { IdleTimer, keptIdleMs } from '../lib/idle-timer.ts';
import { startThread } from '../lib/start-thread.ts';
import type { EncodeRequest } from './encoder-thread.ts';
import type { BlobLog } from './options.ts';
import type { StripeBuffer, StripeShape } from './stripe-buffers.ts';

/** Below this unit a stripe takes less time to encode than to hand over. */
const INLINE_UNIT_BYTES_MAX = 16 * 1024;

interface Job {
  readonly buffer: StripeBuffer;
  readonly shape: StripeShape;
  resolve(): void;
}

interface EncoderThread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

export class EncoderPool {
  readonly #threadCount: number;
  readonly #log: BlobLog;
  readonly #idle: IdleTimer;
  /** All of them encode in this memory. */
  #memory: WebAssembly.Memory | undefined;
  #threads: EncoderThread[] = [];
  #inlineOnly: boolean;

  constructor(threadCount: number, log: BlobLog, { idleMsMax = keptIdleMs } = {}) {
    this.#threadCount = threadCount;
    this.#log = log;
    this.#inlineOnly = threadCount === 0;
    this.#idle = new IdleTimer(idleMsMax, () => {
      if (this.#threads.every(({ jobs }) => jobs.size === 0)) void this.#end();
    });
  }

  /** Threads that are there now. */
  get threads(): number {
    return this.#threads.length;
  }

  /** Computes parity and checksums of a buffer's units. The buffer is the caller's; it must not change it meanwhile. */
  async encode(buffer: StripeBuffer, shape: StripeShape): Promise<void> {
    if (this.#inlineOnly || shape.unit <= INLINE_UNIT_BYTES_MAX) {
      buffer.encode(shape);
      return;
    }
    const { scheme, unit, at = 0, apart = unit } = shape;
    const thread = this.#leastBusy(buffer.coder.memory);
    await new Promise<void>((resolve) => {
      thread.jobs.set(buffer.index, { buffer, shape, resolve });
      thread.worker.ref();
      const request: EncodeRequest = { index: buffer.index, scheme: scheme.name, unit, at, apart };
      thread.worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    this.#inlineOnly = true;
    await this.#end();
  }

  /** Ends the threads; others may follow. */
  async #end(): Promise<void> {
    const threads = this.#threads;
    this.#threads = [];
    this.#memory = undefined;
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(memory: WebAssembly.Memory): EncoderThread {
    if (this.#memory !== memory) void this.#end();
    this.#memory = memory;
    if (this.#threads.length < this.#threadCount && this.#threads.every(({ jobs }) => jobs.size > 0)) {
      this.#threads.push(this.#start(memory));
    }
    return this.#threads.reduce((best, thread) => (thread.jobs.size < best.jobs.size ? thread : best));
  }

  #start(memory: WebAssembly.Memory): EncoderThread {
    const worker = startThread(
      { module: 'encoder-thread', beside: import.meta.url },
      { workerData: memory, name: 'encoder' },
    );
    worker.unref();
    const thread: EncoderThread = { worker, jobs: new Map() };
    worker.on('message', (index: number) => {
      const job = thread.jobs.get(index);
      thread.jobs.delete(index);
      if (thread.jobs.size === 0) {
        worker.unref();
        this.#idle.note();
      }
      job?.resolve();
    });
    worker.on('error', (error) => this.#log.error({ error }, 'An encoder thread failed; stripes are encoded inline'));
    worker.on('exit', () => {
      if (this.#threads.includes(thread)) this.#inlineOnly = true;
      for (const { buffer, shape, resolve } of thread.jobs.values()) {
        buffer.encode(shape);
        resolve();
      }
      thread.jobs.clear();
    });
    return thread;
  }
}
