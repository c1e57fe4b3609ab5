/** The one interface of whatever events are sent to. */
import type { OutboxEvent } from '../engine/types.ts';

/** An event as a target is sent it. */
export interface EventMessage {
  /** JSON. */
  readonly text: string;
  /** Messages with the same are sent in the order of their events: bucket and key. */
  readonly orderedBy: string;
  /** The same whenever the message is sent again, and another for every other message. */
  readonly id: string;
  readonly event: OutboxEvent;
}

/** Why messages were not taken, of those that were not. */
export type NotTakenWhy = ReadonlyMap<EventMessage, Error>;

/** Every message was taken. */
export const allTaken: NotTakenWhy = new Map();

export interface EventTarget {
  /** As rules of buckets name it. */
  readonly arn: string;
  /** Most messages that it takes at once; one unless it says so. */
  readonly batchMax?: number;
  /**
   * Sends messages, up to `batchMax`, no two of them ordered by the same. Resolves once the target has for good all but those that
   * it names; rejects where nothing is known of any. What was not taken is sent again, then without others. No message is sent before the last
   * one with the same order is taken; others may be under way.
   */
  send(messages: readonly EventMessage[], signal: AbortSignal): Promise<NotTakenWhy>;
  /**
   * How many milliseconds after its n-th failure a message is tried again, or that it is given up then; undefined where the server has
   * its own way of trying again.
   */
  pauseMs?(failures: number): number | 'given up' | undefined;
  /** Keeps a message elsewhere that was given up; resolves to false where it is to be kept as a dead letter. */
  bury?(message: EventMessage, why: string): Promise<boolean>;
  /** Ends what is kept open between sends, such as a connection. Nothing is sent afterwards. */
  close?(): Promise<void>;
}

/** A target that takes one message at a time, and says by rejecting that it was not taken. */
export function oneByOne(
  arn: string,
  send: (message: EventMessage, signal: AbortSignal) => Promise<void>,
): EventTarget {
  return {
    arn,
    async send([message], signal) {
      if (message !== undefined) await send(message, signal);
      return allTaken;
    },
  };
}

/** The target did not take a message. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
}

/** The messages at some places of a batch, each with the reason why it was not taken. */
export function notTakenAt(
  messages: readonly EventMessage[],
  failed: readonly (readonly [at: number, why: string])[],
): NotTakenWhy {
  return new Map(
    failed.flatMap(([at, why]) => {
      const message = messages[at];
      return message === undefined ? [] : [[message, new NotTaken(why)]];
    }),
  );
}
