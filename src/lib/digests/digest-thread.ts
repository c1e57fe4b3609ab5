/**
 * The owner's side of one digest thread. Bytes are copied into slots of shared memory; several streams share the slots.
 *
 * A stream fills its slot before it hands it over, so that many small chunks cost one message. The rule that keeps streams
 * from waiting for each other for ever: while anyone waits for a slot, every taken slot is with the worker, which frees it.
 * Only the owner takes slots and only the worker frees them, except for slots that were taken and never handed over.
 */
import type { Worker } from 'node:worker_threads';
import { copyBytes } from '../copy-bytes.ts';
import { IdleTimer } from '../idle-timer.ts';
import { startThread } from '../start-thread.ts';
import type { ChecksumAlgorithm, Digested, Digester, Digests } from './algorithms.ts';
import type { FromDigestThread, SharedRing, ToDigestThread, WholeMessage } from './messages.ts';

export interface RingSize {
  readonly slots: number;
  readonly slotBytes: number;
}

interface Waiter {
  resolve(slot: number): void;
  reject(error: Error): void;
}

export class DigestThread {
  readonly slotBytes: number;
  readonly #worker: Worker;
  readonly #bytes: Uint8Array;
  readonly #states: Int32Array;
  readonly #slots: number;
  readonly #streams = new Map<number, ThreadStream>();
  readonly #waiters: Waiter[] = [];
  #nextStream = 0;
  #failure: Error | undefined;

  readonly #idle: IdleTimer;

  /** `onEnd` is called once, when the thread can take no more streams: it failed, or had none for `idleMsMax`. */
  constructor({ idleMsMax, ...size }: RingSize & { idleMsMax: number }, onEnd: (thread: DigestThread) => void) {
    this.slotBytes = size.slotBytes;
    this.#slots = size.slots;
    const ring: SharedRing = {
      ...size,
      bytes: new SharedArrayBuffer(size.slots * size.slotBytes),
      states: new SharedArrayBuffer((size.slots + 1) * Int32Array.BYTES_PER_ELEMENT),
    };
    this.#bytes = new Uint8Array(ring.bytes);
    this.#states = new Int32Array(ring.states);
    this.#worker = startThread(
      { module: 'digest-worker', beside: import.meta.url },
      { workerData: ring, name: 'digests' },
    );
    this.#worker.unref();
    this.#worker.on('message', (message: FromDigestThread) => this.#receive(message));
    const end = (error: Error) => {
      if (this.#failure !== undefined) return;
      this.#fail(error);
      onEnd(this);
    };
    this.#worker.on('error', (error) => end(asError(error)));
    this.#worker.on('exit', () => end(new Error('the digest thread has ended')));
    this.#idle = new IdleTimer(idleMsMax, () => {
      if (this.#streams.size > 0) return;
      end(new Error('the digest thread had nothing to do'));
      void this.#worker.terminate();
    });
  }

  /** Streams that have neither finished nor been given up. */
  get load(): number {
    return this.#streams.size;
  }

  open(algorithms: ReadonlySet<ChecksumAlgorithm>): Digester {
    const stream = this.#nextStream++;
    const digester = new ThreadDigester(this, stream);
    this.#begin(stream, digester);
    this.post({ kind: 'open', stream, algorithms: [...algorithms] });
    return digester;
  }

  /** Digests bytes that lie in memory of their own, which goes to the thread and comes back: no byte is copied. */
  digestWhole(algorithms: ReadonlySet<ChecksumAlgorithm>, bytes: Uint8Array<ArrayBuffer>): Promise<Digested> {
    const stream = this.#nextStream++;
    const whole = new WholeStream(this, stream);
    this.#begin(stream, whole);
    const message: WholeMessage = { kind: 'whole', stream, algorithms: [...algorithms], bytes };
    this.#worker.postMessage(message, [bytes.buffer]);
    return whole.digested;
  }

  #begin(id: number, stream: ThreadStream): void {
    if (this.#streams.size === 0) this.#worker.ref();
    this.#streams.set(id, stream);
  }

  /** Ends the thread; streams that are open fail. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  post(message: ToDigestThread): void {
    this.#worker.postMessage(message);
  }

  forget(stream: number): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    this.#worker.unref();
    this.#idle.note();
  }

  bytesOf(slot: number): Uint8Array {
    return this.#bytes.subarray(slot * this.slotBytes, (slot + 1) * this.slotBytes);
  }

  get hasWaiters(): boolean {
    return this.#waiters.length > 0;
  }

  /** A free slot, unless there is none or others wait for one. */
  takeSlot(): number | undefined {
    return this.#waiters.length > 0 ? undefined : this.#takeFree();
  }

  waitForSlot(): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    for (const stream of this.#streams.values()) stream.handOver();
    const slot = new Promise<number>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    this.#serveWaiters();
    return slot;
  }

  /** Gives back a slot that was taken and not handed over. */
  returnSlot(slot: number): void {
    Atomics.store(this.#states, slot, 0);
    this.#serveWaiters();
  }

  #takeFree(): number | undefined {
    for (let slot = 0; slot < this.#slots; slot++) {
      if (Atomics.compareExchange(this.#states, slot, 0, 1) === 0) return slot;
    }
    return undefined;
  }

  #serveWaiters(): void {
    while (this.#waiters.length > 0) {
      // The flag goes up before the look for a slot, so that one freed in between is announced.
      Atomics.store(this.#states, this.#slots, 1);
      const slot = this.#takeFree();
      if (slot === undefined) return;
      this.#waiters.shift()?.resolve(slot);
    }
  }

  #receive(message: FromDigestThread): void {
    if (message.kind === 'slot-free') {
      this.#serveWaiters();
      return;
    }
    const stream = this.#streams.get(message.stream);
    if (stream === undefined) return;
    if (message.kind === 'finished') stream.settle(new Map(message.digests), message.bytes);
    else stream.fail(new Error(message.message));
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const stream of [...this.#streams.values()]) stream.fail(error);
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}

/** What a thread has in hand. */
interface ThreadStream {
  /** Gives the slot that it fills to the worker. */
  handOver(): void;
  settle(digests: Digests, bytes?: Uint8Array): void;
  fail(error: Error): void;
}

/** A byte string that is with the thread as a whole. */
class WholeStream implements ThreadStream {
  readonly #thread: DigestThread;
  readonly #stream: number;
  readonly #outcome = Promise.withResolvers<Digested>();

  constructor(thread: DigestThread, stream: number) {
    this.#thread = thread;
    this.#stream = stream;
  }

  get digested(): Promise<Digested> {
    return this.#outcome.promise;
  }

  handOver(): void {}

  settle(digests: Digests, bytes: Uint8Array = new Uint8Array()): void {
    this.#thread.forget(this.#stream);
    this.#outcome.resolve({ digests, bytes });
  }

  fail(error: Error): void {
    this.#thread.forget(this.#stream);
    this.#outcome.reject(error);
  }
}

/** One stream of bytes on a thread. */
class ThreadDigester implements Digester, ThreadStream {
  readonly #thread: DigestThread;
  readonly #stream: number;
  #slot: number | undefined;
  /** Bytes in the slot that is being filled. */
  #filled = 0;
  #failure: Error | undefined;
  #result: { resolve(digests: Digests): void; reject(error: Error): void } | undefined;

  constructor(thread: DigestThread, stream: number) {
    this.#thread = thread;
    this.#stream = stream;
  }

  update(chunk: Uint8Array): void | Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const copied = this.#copy(chunk);
    if (copied < chunk.length) return this.#copyWaiting(chunk.subarray(copied));
  }

  finish(): Promise<Digests> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.handOver();
    this.#thread.post({ kind: 'finish', stream: this.#stream });
    return new Promise((resolve, reject) => {
      this.#result = { resolve, reject };
    });
  }

  abort(): void {
    if (this.#failure !== undefined) return;
    this.#thread.post({ kind: 'abort', stream: this.#stream });
    this.fail(new Error('the digest was given up'));
  }

  /** Gives the slot being filled to the worker. */
  handOver(): void {
    if (this.#slot === undefined) return;
    this.#thread.post({ kind: 'update', stream: this.#stream, slot: this.#slot, length: this.#filled });
    this.#slot = undefined;
  }

  settle(digests: Digests): void {
    this.#thread.forget(this.#stream);
    // Whatever is called after the end is refused, and abort is harmless.
    this.#failure = new Error('the digest has been finished');
    this.#result?.resolve(digests);
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#thread.forget(this.#stream);
    const slot = this.#slot;
    this.#slot = undefined;
    if (slot !== undefined) this.#thread.returnSlot(slot);
    this.#result?.reject(error);
  }

  /** Copies what fits into the slots that are free now; returns how many bytes. */
  #copy(chunk: Uint8Array): number {
    let copied = 0;
    while (copied < chunk.length) {
      const slot = this.#slot ?? this.#thread.takeSlot();
      if (slot === undefined) return copied;
      copied += this.#fill(slot, chunk.subarray(copied));
    }
    return copied;
  }

  async #copyWaiting(chunk: Uint8Array): Promise<void> {
    let copied = 0;
    while (copied < chunk.length) {
      const slot = await this.#thread.waitForSlot();
      if (this.#failure !== undefined) {
        this.#thread.returnSlot(slot);
        throw this.#failure;
      }
      copied += this.#fill(slot, chunk.subarray(copied));
      copied += this.#copy(chunk.subarray(copied));
    }
  }

  /** Copies up to the end of the slot, which is kept for the next bytes unless it is full or others wait. */
  #fill(slot: number, bytes: Uint8Array): number {
    if (this.#slot === undefined) this.#filled = 0;
    const part = bytes.subarray(0, this.#thread.slotBytes - this.#filled);
    copyBytes(part, this.#thread.bytesOf(slot), this.#filled);
    this.#slot = slot;
    this.#filled += part.length;
    if (this.#filled === this.#thread.slotBytes || this.#thread.hasWaiters) this.handOver();
    return part.length;
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
