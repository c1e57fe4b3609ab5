/**
 * Processes that try scenes, each one after another: modules stay loaded and compiled, which would take as long as some
 * scenes do. A process, since a store is opened in the current folder, which all threads share.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { collectSeldom } from '../../support/engine-flags.ts';
import type { Failure } from './trial.ts';

/** For calls on files: theirs lie in memory, so that to wake other threads for them takes longer than they do. */
const oneThread = { UV_THREADPOOL_SIZE: '1' };
const program = fileURLToPath(new URL('trial-process-program.ts', import.meta.url));

/** A scene that is to be recorded in an empty folder and tried. */
export interface TrialCall {
  readonly scene: string;
  readonly folder: string;
  readonly seed: number;
}

export interface TrialReply {
  readonly points: number;
  readonly failures: readonly Failure[];
}

export class TrialProcesses implements Disposable {
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();

  /** Has a process try a scene that has nothing else to do: one that did others, or a new one. */
  async try(call: TrialCall): Promise<TrialReply> {
    const process = this.#idle.pop() ?? this.#start();
    const gone = new AbortController();
    const onExit = (code: number | null, signal: string | null): void => {
      gone.abort(new Error(`The process that tried ${call.scene} ended (${signal ?? code})`));
    };
    process.once('exit', onExit);
    const replied = once(process, 'message', { signal: gone.signal });
    process.send(call);
    try {
      const [reply] = (await replied) as [TrialReply | { readonly error: string }];
      if ('error' in reply) throw new Error(reply.error);
      this.#idle.push(process);
      return reply;
    } finally {
      process.off('exit', onExit);
    }
  }

  [Symbol.dispose](): void {
    for (const process of this.#all) process.kill('SIGKILL');
  }

  #start(): ChildProcess {
    const trying = fork(program, { execArgv: [...collectSeldom], env: { ...process.env, ...oneThread } });
    this.#all.add(trying);
    return trying;
  }
}
