/**
 * How V8 collects garbage in the processes that run tests. Most of what tests leave are buffers, outside the heap, and by
 * default every 64 MiB of them start a collection of a heap that is full of loaded modules: a third of all the time that
 * the tests took. Here they count as the heap does, which has room. Threads for the collection are of no use where each
 * core runs a test.
 */
export const collectSeldom: readonly string[] = [
  '--single-threaded-gc',
  '--external-memory-accounted-in-global-limit',
  '--initial-heap-size=512',
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
];
