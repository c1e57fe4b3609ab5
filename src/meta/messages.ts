/** Messages that wait in the outbox beside events of buckets. Each is one JSON document of the index, so a member that is added later must be optional. */
/** A message of a topic on its way to one of its subscriptions, or what such a one is told of itself. */
export interface TopicMessage {
  readonly event: 'Notification' | 'SubscriptionConfirmation' | 'UnsubscribeConfirmation';
  readonly atMs: number;
  /** Messages with the same two are ordered: those on an event by what it happened to, any other by its topic and its id. */
  readonly bucket: string;
  readonly key: string;
  /** ARN. */
  readonly topic: string;
  /** ARN. */
  readonly subscription: string;
  readonly messageId: string;
  readonly subject?: string;
  readonly message: string;
  /** Whether it goes out without an envelope. */
  readonly isRaw: boolean;
  /** Scheme and host of this server, for the links in the envelope. */
  readonly origin: string;
  /** What a confirmation needs. */
  readonly token?: string;
  readonly attributes?: MessageAttributes;
  /** Of the envelope; absent where there is none, and of messages from before there were any. */
  readonly signature?: TopicSignature;
}

export interface TopicSignature {
  /** 1 is made with SHA-1, 2 with SHA-256. */
  readonly version: '1' | '2';
  /** In base64. */
  readonly text: string;
  /** Path of the certificate that it is verified with. */
  readonly certificate: string;
}

/** What somebody has sent to a queue here. */
export interface QueueMessage {
  readonly event: 'Message';
  readonly atMs: number;
  /** ARN of the queue. */
  readonly bucket: string;
  /** Its id: messages that are sent have no order. */
  readonly key: string;
  readonly messageId: string;
  readonly message: string;
  readonly attributes?: MessageAttributes;
  /** Of one that is delayed. */
  readonly visibleFromMs?: number;
  /** Id of whoever sent it. */
  readonly senderId?: string;
  /** Whose it is among several that share a queue, as its sender says. */
  readonly groupId?: string;
  /** Of a trace by X-Ray. */
  readonly traceHeader?: string;
  /** Of a dead letter: ARN of the queue that it was in. */
  readonly deadLetterSource?: string;
}

/** By name. A value that is bytes is base64. */
export type MessageAttributes = Readonly<Record<string, { readonly type: string; readonly value: string }>>;
