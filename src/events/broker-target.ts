/**
 * Targets that are reached by a connection which is kept between messages. The first message opens it; one that is lost, or
 * does not answer in time, is left, and the next message opens another: so a broker that is away costs attempts alone, whose
 * pauses are the lane's. All that was under way on a connection that ends has failed, and is sent again.
 */
import { type EventMessage, type EventTarget, NotTaken, type NotTakenWhy } from './target.ts';

export interface BrokerConnection {
  /**
   * Resolves once the broker has all messages for good but those that it refuses, each with the reason. Rejects where the
   * connection is of no use any more.
   */
  publish(messages: readonly EventMessage[]): Promise<NotTakenWhy>;
  /** Ends it at once, whatever is under way and whether or not the broker answers. */
  close(): void;
}

export interface Connecting {
  /** Aborted when nobody wants the connection any more, also while it is made, which must then be given up at once. */
  readonly signal: AbortSignal;
  /** To be called when the connection has ended by itself. */
  readonly lost: (why: Error) => void;
}

export interface BrokerOptions {
  readonly arn: string;
  /** Where the broker is, as errors name it: without a password. */
  readonly address: string;
  /** How long a message may take, the time to connect included. */
  readonly timeoutMs: number;
  readonly connect: (connecting: Connecting) => Promise<BrokerConnection>;
}

/** Messages that are sent at once on a connection, to be confirmed together. */
export const batchMax = 100;

export function brokerTarget(options: BrokerOptions): EventTarget {
  return new BrokerTarget(options);
}

/** A connection, from the moment that somebody wants it. */
interface Kept {
  readonly established: Promise<BrokerConnection>;
  /** Rejects when it has ended. */
  readonly ended: Promise<never>;
  end(why: unknown): void;
}

class BrokerTarget implements EventTarget {
  readonly batchMax = batchMax;
  readonly #options: BrokerOptions;
  #kept: Kept | undefined;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  get arn(): string {
    return this.#options.arn;
  }

  async send(messages: readonly EventMessage[], signal: AbortSignal): Promise<NotTakenWhy> {
    this.#kept ??= this.#open();
    const kept = this.#kept;
    const { address, timeoutMs } = this.#options;
    const late = new NotTaken(`${address} gave no answer within ${timeoutMs} ms`);
    const limit = limited(signal, { timeoutMs, late });
    try {
      const published = kept.established.then((connection) => connection.publish(messages));
      return await Promise.race([published, kept.ended, limit.reached]);
    } catch (error) {
      kept.end(error);
      throw error;
    } finally {
      limit.clear();
    }
  }

  async close(): Promise<void> {
    this.#kept?.end(new NotTaken('The server stops'));
  }

  #open(): Kept {
    const { promise: ended, reject } = Promise.withResolvers<never>();
    ended.catch(() => {});
    const abort = new AbortController();
    let connection: BrokerConnection | undefined;
    const end = (why: unknown): void => {
      if (this.#kept === kept) this.#kept = undefined;
      if (abort.signal.aborted) return;
      abort.abort();
      reject(why);
      connection?.close();
    };
    const establish = async (): Promise<BrokerConnection> => {
      const lost = (why: Error): void => end(connection === undefined ? this.#notConnected(why) : why);
      const made = await this.#options.connect({ signal: abort.signal, lost }).catch((error: unknown) => {
        throw this.#notConnected(error);
      });
      // Nobody waits for it any more: what is published now would come behind what has been sent on another one meanwhile.
      if (abort.signal.aborted) made.close();
      else connection = made;
      return connection ?? (await ended);
    };
    const kept: Kept = { established: establish(), ended, end };
    return kept;
  }

  #notConnected(why: unknown): NotTaken {
    return new NotTaken(`No connection to ${this.#options.address}`, { cause: rootOf(why) });
  }
}

/** Rejects when the signal or the time says so. */
function limited(signal: AbortSignal, { timeoutMs, late }: { timeoutMs: number; late: Error }) {
  const { promise: reached, reject } = Promise.withResolvers<never>();
  reached.catch(() => {});
  const give = (): void => reject(signal.reason);
  if (signal.aborted) give();
  signal.addEventListener('abort', give);
  const timer = setTimeout(() => reject(late), timeoutMs);
  const clear = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', give);
  };
  return { reached, clear };
}

/** What lies behind an error: libraries wrap it, and a host with several addresses fails with one for each. */
export function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0]);
  return error instanceof Error && error.cause instanceof Error ? rootOf(error.cause) : error;
}

/** The messages, each not taken for the same reason. */
export function noneTaken(messages: readonly EventMessage[], why: Error): NotTakenWhy {
  return new Map(messages.map((message) => [message, why]));
}

/** Each message by itself: what rejects was not taken. */
export async function eachTaken(
  messages: readonly EventMessage[],
  publish: (message: EventMessage) => Promise<unknown>,
): Promise<NotTakenWhy> {
  const notTaken = new Map<EventMessage, Error>();
  const refuse = (message: EventMessage, why: unknown) =>
    notTaken.set(message, why instanceof Error ? why : new NotTaken(String(why)));
  await Promise.all(messages.map((message) => publish(message).catch((error) => refuse(message, error))));
  return notTaken;
}

/** An address with neither user nor password, as errors and logs may show it. */
export function shownAddress(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
