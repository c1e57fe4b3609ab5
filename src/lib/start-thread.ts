/** Threads that run modules of our own. */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts a thread with a module that lies beside the caller's: `startThread({ module: 'encoder-thread', beside: import.meta.url }, options)`. An error while
 * it loads is an `error` of the thread, as with any other.
 *
 * It looks into the compile cache first, as the main thread does: a thread of its own that has to take types off a module
 * keeps what it does that with, 9 MiB, for as long as it lives.
 */
export function startThread({ module, beside }: { module: string; beside: string }, options: WorkerOptions): Worker {
  const extension = beside.endsWith('.ts') ? 'ts' : 'js';
  const url = new URL(`./${module}.${extension}`, beside).href;
  const program = `require('node:module').enableCompileCache(); import(${JSON.stringify(url)});`;
  return new Worker(program, { ...options, eval: true });
}
