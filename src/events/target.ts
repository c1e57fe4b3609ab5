/** The one interface of whatever events are sent to. */

export interface EventTarget {
  /** As rules of buckets name it. */
  readonly arn: string;
  /**
   * Sends one message, JSON text. Resolves once the target has it for good; rejects where that is not known, and then it is
   * sent again. Of messages on one key none is sent before the last one is taken; others may be under way.
   */
  send(message: string, signal: AbortSignal): Promise<void>;
}

/** The target did not take a message. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken';
}
