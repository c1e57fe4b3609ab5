/** What a target is sent of an event: event buses have a form of their own, and what comes from a topic has the topic's. */
import type { OutboxEvent } from '../engine/types.ts';
import { busEvent } from './event-bridge.ts';
import { eventMessage } from './record.ts';
import { topicEnvelope } from './topic-envelope.ts';

/** The number of an account by its canonical id. */
export type AccountOf = (canonicalId: string) => string;

/** JSON text, unless a message that somebody has sent is another. */
export function messageOf(arn: string, event: OutboxEvent, accountOf: AccountOf): string {
  if ('topic' in event) return event.isRaw ? event.message : JSON.stringify(topicEnvelope(event));
  if ('messageId' in event) return event.message;
  const isBus = arn.split(':')[2] === 'events';
  return JSON.stringify(isBus && 'key' in event ? busEvent(event, accountOf(event.owner)) : eventMessage(event));
}
