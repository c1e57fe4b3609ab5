/**
 * Encodes stripes on a few threads, so that the main thread goes on serving. Threads start with the first large stripe.
 * A thread that dies takes nothing with it: what it had in hand is encoded here, and so is all that follows.
 */
import type { Worker } from 'node:worker_threads';
import { startThread } from '../lib/start-thread.ts';
import type { Coder } from './coding/coder.ts';
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
  readonly #coder: Coder;
  readonly #threadCount: number;
  readonly #log: BlobLog;
  #threads: EncoderThread[] = [];
  #inlineOnly: boolean;

  constructor(coder: Coder, threadCount: number, log: BlobLog) {
    this.#coder = coder;
    this.#threadCount = threadCount;
    this.#log = log;
    this.#inlineOnly = threadCount === 0;
  }

  /** Computes parity and checksums of a buffer's units. The buffer is the caller's; it must not change it meanwhile. */
  async encode(buffer: StripeBuffer, shape: StripeShape): Promise<void> {
    if (this.#inlineOnly || shape.unit <= INLINE_UNIT_BYTES_MAX) {
      buffer.encode(this.#coder, shape);
      return;
    }
    const { scheme, unit, at = 0, apart = unit } = shape;
    const thread = this.#leastBusy();
    await new Promise<void>((resolve) => {
      thread.jobs.set(buffer.index, { buffer, shape, resolve });
      thread.worker.ref();
      const request: EncodeRequest = { index: buffer.index, scheme: scheme.name, unit, at, apart };
      thread.worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    this.#inlineOnly = true;
    const threads = this.#threads;
    this.#threads = [];
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): EncoderThread {
    if (this.#threads.length < this.#threadCount && this.#threads.every(({ jobs }) => jobs.size > 0)) {
      this.#threads.push(this.#start());
    }
    return this.#threads.reduce((best, thread) => (thread.jobs.size < best.jobs.size ? thread : best));
  }

  #start(): EncoderThread {
    const worker = startThread(
      { module: 'encoder-thread', beside: import.meta.url },
      { workerData: this.#coder.memory, name: 'encoder' },
    );
    worker.unref();
    const thread: EncoderThread = { worker, jobs: new Map() };
    worker.on('message', (index: number) => {
      const job = thread.jobs.get(index);
      thread.jobs.delete(index);
      if (thread.jobs.size === 0) worker.unref();
      job?.resolve();
    });
    worker.on('error', (error) => this.#log.error({ error }, 'An encoder thread failed; stripes are encoded inline'));
    worker.on('exit', () => {
      this.#inlineOnly = true;
      for (const { buffer, shape, resolve } of thread.jobs.values()) {
        buffer.encode(this.#coder, shape);
        resolve();
      }
      thread.jobs.clear();
    });
    return thread;
  }
}
