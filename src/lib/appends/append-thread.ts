/** An append thread: writes and syncs what its owner has posted (`append-threads.ts`), one after another, for ever. */

/** What the threads and their owner share. */
export interface SharedJobs {
  /** `bell`, `ended` and `isTellingAll`, and after them four words for each slot: its state, file, length and error. */
  readonly words: Int32Array;
  /** Of each slot, where in the file its bytes go. */
  readonly offsets: Float64Array;
  /** Of each slot, its bytes. */
  readonly bytes: Uint8Array;
  readonly slotBytes: number;
}

/** What one thread is told. */
export interface ThreadData extends SharedJobs {
  /** The state of a slot that this thread has taken. */
  readonly taken: number;
  readonly states: typeof slotStates;
  readonly places: typeof wordPlaces;
}

/** From `taken` on, a thread has it: each has a number of its own. `withdrawn` is what its owner took back. */
export const slotStates = { free: 0, posted: 1, done: 2, withdrawn: 3, taken: 4 } as const;
/** Of words; those of slots as distances from a slot's first. */
export const wordPlaces = {
  ...{ bell: 0, ended: 1, isTellingAll: 2, slots: 4, wordsOfSlot: 4 },
  ...{ state: 0, file: 1, length: 2, error: 3 },
} as const;

/**
 * The whole of such a thread. It is made of this function's text: to load a module, and in development what takes the types
 * off it, would cost each thread three times the memory. So this names nothing but what it is given and what Node has built in.
 */
export function runAppendThread(): void {
  const { workerData } = process.getBuiltinModule('node:worker_threads');
  const { fdatasyncSync, writeSync } = process.getBuiltinModule('node:fs');
  const { words, offsets, bytes, slotBytes, taken, states, places }: ThreadData = workerData;

  function append(slot: number): void {
    const at = places.slots + slot * places.wordsOfSlot;
    const file = words[at + places.file] ?? -1;
    const length = words[at + places.length] ?? 0;
    const offset = offsets[slot] ?? 0;
    for (let written = 0; written < length; ) {
      written += writeSync(file, bytes, slot * slotBytes + written, length - written, offset + written);
    }
    fdatasyncSync(file);
  }

  function isAnyLeft(): boolean {
    for (let slot = 0; slot < offsets.length; slot++) {
      const state = Atomics.load(words, places.slots + slot * places.wordsOfSlot);
      if (state === states.posted || state >= states.taken) return true;
    }
    return false;
  }

  function takeWhatIsPosted(): void {
    for (let slot = 0; slot < offsets.length; slot++) {
      const at = places.slots + slot * places.wordsOfSlot;
      if (Atomics.compareExchange(words, at, states.posted, taken) !== states.posted) continue;
      let error = 0;
      try {
        append(slot);
      } catch (cause) {
        error = cause instanceof Error && 'errno' in cause ? Number(cause.errno) : -5;
      }
      words[at + places.error] = error;
      Atomics.store(words, at, states.done);
      Atomics.add(words, places.ended, 1);
      // One message for all of a wave: each costs its owner as much as a sync.
      if (Atomics.load(words, places.isTellingAll) === 1 || !isAnyLeft()) Atomics.notify(words, places.ended);
    }
  }

  for (;;) {
    const bell = Atomics.load(words, places.bell);
    takeWhatIsPosted();
    Atomics.wait(words, places.bell, bell);
  }
}
