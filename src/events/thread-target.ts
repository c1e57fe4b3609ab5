/**
 * Targets that live on a thread of their own. The libraries that speak to brokers have sockets, timers and emitters which no promise of
 * ours holds: what one of them throws there would end the whole server, in the moment in which a broker dies. On a thread it ends the
 * thread alone: what was under way has failed and is sent again, and the next message begins another thread.
 */
import type { MessagePort, Worker } from 'node:worker_threads';
import { rootOf } from './broker-target.ts';
import { type EventMessage, type EventTarget, NotTaken, type NotTakenWhy } from './target.ts';

export interface ThreadTargetOptions {
  readonly arn: string;
  readonly batchMax: number;
  /** Begins a thread that serves the target. */
  readonly start: () => Worker;
  /** Is told what ended a thread that nobody has asked to end. */
  readonly onCrash: (why: unknown) => void;
}

interface ToTarget {
  readonly batch: number;
  readonly messages: readonly EventMessage[];
}

/** Why something was not taken, and what lies behind it: errors of libraries cannot all be sent from thread to thread. */
interface ToldError {
  readonly message: string;
  readonly cause: string | undefined;
}

type FromTarget = { readonly batch: number } & (
  | { readonly notTaken: readonly (readonly [at: number, why: ToldError])[] }
  | { readonly error: ToldError }
);

/** The target as those see it who send to it. No thread is there before the first message. */
export function threadTarget(options: ThreadTargetOptions): EventTarget {
  let thread: TargetThread | undefined;
  const begin = (): TargetThread => {
    const begun = new TargetThread(options.start(), (why) => {
      if (thread !== begun) return;
      thread = undefined;
      options.onCrash(why);
    });
    return begun;
  };
  return {
    arn: options.arn,
    batchMax: options.batchMax,
    async send(messages, signal) {
      thread ??= begin();
      return await thread.send(messages, signal);
    },
    async close() {
      const last = thread;
      thread = undefined;
      await last?.end();
    },
  };
}

/** Answers on the thread for what is sent to its target. */
export function serveTarget(target: EventTarget, port: MessagePort): void {
  const { signal } = new AbortController();
  port.on('message', async ({ batch, messages }: ToTarget) => {
    const answer = await target.send(messages, signal).then(
      (notTaken) => ({ notTaken: toldOf(messages, notTaken) }),
      (error: unknown) => ({ error: told(error) }),
    );
    port.postMessage({ batch, ...answer } satisfies FromTarget);
  });
}

interface Sent {
  readonly messages: readonly EventMessage[];
  resolve(notTaken: NotTakenWhy): void;
  reject(why: unknown): void;
}

class TargetThread {
  readonly #worker: Worker;
  readonly #sent = new Map<number, Sent>();
  #batches = 0;

  constructor(worker: Worker, onEnd: (why: unknown) => void) {
    this.#worker = worker;
    worker.on('message', (answer: FromTarget) => this.#answered(answer));
    // Only what is under way keeps the process.
    worker.unref();
    let hasEnded = false;
    const end = (why: unknown): void => {
      if (hasEnded) return;
      hasEnded = true;
      onEnd(why);
      this.#failAll(new NotTaken('What speaks to it failed', { cause: why }));
    };
    worker.on('error', end).on('exit', (code) => end(new Error(`its thread ended with ${code}`)));
  }

  async send(messages: readonly EventMessage[], signal: AbortSignal): Promise<NotTakenWhy> {
    signal.throwIfAborted();
    const batch = this.#batches++;
    const { promise, resolve, reject } = Promise.withResolvers<NotTakenWhy>();
    this.#sent.set(batch, { messages, resolve, reject });
    this.#worker.ref();
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp);
    try {
      this.#worker.postMessage({ batch, messages } satisfies ToTarget);
      return await promise;
    } finally {
      this.#sent.delete(batch);
      if (this.#sent.size === 0) this.#worker.unref();
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** At once: its sockets go with it. */
  async end(): Promise<void> {
    this.#failAll(new NotTaken('The server stops'));
    await this.#worker.terminate();
  }

  #answered({ batch, ...answer }: FromTarget): void {
    const sent = this.#sent.get(batch);
    if (sent === undefined) return;
    if ('error' in answer) sent.reject(errorOf(answer.error));
    else sent.resolve(notTakenOf(sent.messages, answer.notTaken));
  }

  #failAll(why: unknown): void {
    for (const { reject } of this.#sent.values()) reject(why);
  }
}

function toldOf(messages: readonly EventMessage[], notTaken: NotTakenWhy): readonly (readonly [number, ToldError])[] {
  return messages.flatMap((message, at) => {
    const why = notTaken.get(message);
    return why === undefined ? [] : [[at, told(why)] as const];
  });
}

function notTakenOf(
  messages: readonly EventMessage[],
  notTaken: readonly (readonly [at: number, why: ToldError])[],
): NotTakenWhy {
  return new Map(
    notTaken.flatMap(([at, why]) => {
      const message = messages[at];
      return message === undefined ? [] : [[message, errorOf(why)] as const];
    }),
  );
}

function told(error: unknown): ToldError {
  if (!(error instanceof Error)) return { message: String(error), cause: undefined };
  const root = rootOf(error.cause);
  return { message: error.message, cause: root instanceof Error ? root.message : undefined };
}

function errorOf({ message, cause }: ToldError): NotTaken {
  return new NotTaken(message, cause === undefined ? {} : { cause: new Error(cause) });
}
