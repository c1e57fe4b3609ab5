/**
 * Threads that append small pieces of bytes to open files and sync them: a wave of a dozen appends is handed over and
 * answered as one. Through libuv's pool it is two dozen operations, each with its way to a thread and back, which cost the
 * calling thread several times as much, and every core more.
 *
 * - What is appended is copied into a slot of shared memory, so the caller's bytes are its own again at once. The file must
 *   stay open until the append has ended.
 * - Nobody depends on the threads: `append` declines what is too long, and everything while no slot or thread is there. The
 *   caller then writes and syncs as ever.
 * - A disk that is slow or hangs keeps a thread each time. So if a wave is not done within some milliseconds, what no thread has
 *   begun goes through libuv's pool, each end is told by itself, and for a while nothing is accepted.
 */
import { fdatasync, write } from 'node:fs';
import { constants } from 'node:os';
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers';
import { getSystemErrorName, promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { copyBytes } from '../copy-bytes.ts';
import { runAppendThread, type SharedJobs, slotStates, type ThreadData, wordPlaces } from './append-thread.ts';

const slotCount = 24;
const slotBytes = 64 * 1024;

export interface AppendThreadsOptions {
  /** Default 6. Twelve, as many as a wave has appends, make a lone write a tenth faster, and take 40 MiB more. */
  readonly threads?: number;
  /** The threads begin once so many appends were asked for: who writes little needs none. Default 600. */
  readonly appendsBeforeStart?: number;
  /** They end when none was asked for this long. Default 2 s. */
  readonly idleMsMax?: number;
  /** A wave that takes longer is waited for no longer as a whole. Default 8 ms. */
  readonly waveMsMax?: number;
}

/** Fewer in one turn are no wave: large bodies have no small appends but those of the logs. */
const waveAppendsMin = 4;
/** A thread needs next to nothing. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 };

const writeAt = promisify(write);
const sync = promisify(fdatasync);

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class AppendThreads {
  readonly #jobs: SharedJobs = {
    words: new Int32Array(new SharedArrayBuffer(4 * wordOf(slotCount))),
    offsets: new Float64Array(new SharedArrayBuffer(8 * slotCount)),
    bytes: new Uint8Array(new SharedArrayBuffer(slotCount * slotBytes)),
    slotBytes,
  };
  readonly #options: Required<AppendThreadsOptions>;
  /** Those that run. */
  readonly #threads = new Set<Worker>();
  /** Threads that were started ever. */
  #started = 0;
  /** All threads were there: what is posted begins at once. */
  #isReady = false;
  /** Appends since there were no threads, of waves alone. */
  #asked = 0;
  #askedInTurn = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  /** By slot, those who wait for their append. */
  readonly #waiting = new Map<number, Waiting>();
  /** Posted since the bell was rung last. */
  #unrung = 0;
  #isListening = false;
  #timer: NodeJS.Timeout | undefined;
  /** The wave under way takes too long. */
  #isSlow = false;
  #isClosed = false;

  constructor({ threads = 6, appendsBeforeStart = 600, idleMsMax = 2_000, waveMsMax = 8 }: AppendThreadsOptions = {}) {
    this.#options = { threads, appendsBeforeStart, idleMsMax, waveMsMax };
  }

  /**
   * Writes the pieces one after another at an offset of an open file and syncs it. Rejects with what the system says.
   * Undefined if it is declined: then nothing was or will be done.
   */
  append(file: number, pieces: readonly Uint8Array[], offset: number): Promise<void> | undefined {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#askedInTurn++ === 0) process.nextTick(() => this.#endTurn());
    const slot = this.isReady && length <= slotBytes ? this.#freeSlot() : undefined;
    if (slot === undefined) return undefined;
    const { words, offsets, bytes } = this.#jobs;
    let at = slot * slotBytes;
    for (const piece of pieces) {
      copyBytes(piece, bytes, at);
      at += piece.length;
    }
    words[wordOf(slot) + wordPlaces.file] = file;
    words[wordOf(slot) + wordPlaces.length] = length;
    offsets[slot] = offset;
    Atomics.store(words, wordOf(slot), slotStates.posted);
    this.#unrung += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(slot, { resolve, reject });
      if (!this.#isListening) void this.#listen();
    });
  }

  /** Whether it takes appends now, if there is room for them. */
  get isReady(): boolean {
    return this.#isReady && !this.#isSlow;
  }

  /** Ends the threads. What was asked for must have ended, or nobody waits for it any more. */
  close(): void {
    this.#isClosed = true;
    this.#endThreads();
  }

  #endThreads(): void {
    clearInterval(this.#idleTimer);
    this.#isReady = false;
    this.#asked = 0;
    for (const thread of this.#threads) void thread.terminate();
    this.#threads.clear();
  }

  #freeSlot(): number | undefined {
    for (let slot = 0; slot < slotCount; slot++) {
      if (!this.#waiting.has(slot) && this.#stateOf(slot) === slotStates.free) return slot;
    }
    return undefined;
  }

  #stateOf(slot: number): number {
    return Atomics.load(this.#jobs.words, wordOf(slot));
  }

  /** What was asked for in one turn is rung for once. */
  #endTurn(): void {
    const { words } = this.#jobs;
    if (this.#unrung > 0) {
      Atomics.add(words, wordPlaces.bell, 1);
      Atomics.notify(words, wordPlaces.bell, this.#unrung);
    }
    const asked = this.#askedInTurn;
    this.#unrung = 0;
    this.#askedInTurn = 0;
    if (asked < waveAppendsMin) return;
    this.#asked += asked;
    if (this.#threads.size > 0 || this.#asked < this.#options.appendsBeforeStart) return;
    this.start().catch(() => this.#endThreads());
  }

  /** Starts the threads, one after another, as each takes the caller some milliseconds. Resolves once all are there. */
  async start(): Promise<void> {
    while (!this.#isClosed && this.#threads.size < this.#options.threads) await this.#startOne();
    if (!this.#isClosed) this.#beReady();
  }

  #startOne(): Promise<void> {
    const taken = slotStates.taken + this.#started++;
    const workerData: ThreadData = { ...this.#jobs, taken, states: slotStates, places: wordPlaces };
    const thread = new Worker(`(${runAppendThread})()`, { eval: true, workerData, name: 'appends', resourceLimits });
    this.#threads.add(thread);
    return new Promise((resolve, reject) => {
      thread.once('online', () => {
        thread.unref();
        resolve();
      });
      // Without it there is an error of its start, or its exit tells all there is to tell.
      thread.on('error', reject);
      thread.once('exit', () => this.#threadEnded(thread, taken));
    });
  }

  #beReady(): void {
    this.#isReady = true;
    let before = this.#asked;
    this.#idleTimer = setInterval(() => {
      if (this.#asked === before && this.#waiting.size === 0) this.#endThreads();
      before = this.#asked;
    }, this.#options.idleMsMax).unref();
  }

  /** Settles what has ended, until nothing is left. */
  async #listen(): Promise<void> {
    const { words } = this.#jobs;
    this.#isListening = true;
    // What waits in shared memory does not keep a process alive.
    const [thread] = this.#threads;
    thread?.ref();
    while (this.#waiting.size > 0) {
      const ended = Atomics.load(words, wordPlaces.ended);
      this.#settle();
      if (this.#waiting.size === 0) break;
      this.#timer ??= setTimeout(() => this.#stopWaiting(), this.#options.waveMsMax);
      const { async: isWaiting, value } = Atomics.waitAsync(words, wordPlaces.ended, ended);
      if (isWaiting) await value;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    Atomics.store(words, wordPlaces.isTellingAll, 0);
    thread?.unref();
    this.#isSlow = false;
    this.#isListening = false;
  }

  #settle(): void {
    const { words } = this.#jobs;
    for (const [slot, { resolve, reject }] of this.#waiting) {
      if (this.#stateOf(slot) !== slotStates.done) continue;
      this.#waiting.delete(slot);
      const error = words[wordOf(slot) + wordPlaces.error] ?? 0;
      Atomics.store(words, wordOf(slot), slotStates.free);
      if (error === 0) resolve();
      else reject(systemError(error));
    }
  }

  /** The wave is slow: nothing of it waits for the whole any more, and what no thread has begun goes another way. */
  #stopWaiting(): void {
    const { words } = this.#jobs;
    const { posted, withdrawn } = slotStates;
    this.#isSlow = true;
    Atomics.store(words, wordPlaces.isTellingAll, 1);
    for (const slot of this.#waiting.keys()) {
      if (Atomics.compareExchange(words, wordOf(slot), posted, withdrawn) === posted) void this.#appendByPool(slot);
    }
    this.#tell();
  }

  async #appendByPool(slot: number): Promise<void> {
    const { words, offsets, bytes } = this.#jobs;
    const file = words[wordOf(slot) + wordPlaces.file] ?? -1;
    const length = words[wordOf(slot) + wordPlaces.length] ?? 0;
    try {
      for (let written = 0; written < length; ) {
        const at = (offsets[slot] ?? 0) + written;
        written += (await writeAt(file, bytes, slot * slotBytes + written, length - written, at)).bytesWritten;
      }
      await sync(file);
      this.#end({ slot, errno: 0 });
    } catch (error) {
      this.#end({ slot, errno: errnoOf(error) });
    }
  }

  #end({ slot, errno }: { slot: number; errno: number }): void {
    this.#jobs.words[wordOf(slot) + wordPlaces.error] = errno;
    Atomics.store(this.#jobs.words, wordOf(slot), slotStates.done);
    this.#tell();
  }

  /** Wakes whoever settles what has ended. */
  #tell(): void {
    Atomics.add(this.#jobs.words, wordPlaces.ended, 1);
    Atomics.notify(this.#jobs.words, wordPlaces.ended);
  }

  /** It ends by itself only for want of memory. What it had in hand has an unknown end, as after an error of the disk. */
  #threadEnded(thread: Worker, taken: number): void {
    const wasLast = this.#threads.delete(thread) && this.#threads.size === 0;
    for (const slot of this.#waiting.keys())
      if (this.#stateOf(slot) === taken) this.#end({ slot, errno: -constants.errno.EIO });
    if (!wasLast) return;
    this.#endThreads();
    if (this.#waiting.size > 0) this.#stopWaiting();
  }
}

function wordOf(slot: number): number {
  return wordPlaces.slots + slot * wordPlaces.wordsOfSlot;
}

function systemError(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`${code}: an append failed`), { code, errno });
}

function errnoOf(error: unknown): number {
  return error instanceof Error && 'errno' in error ? Number(error.errno) : -constants.errno.EIO;
}
