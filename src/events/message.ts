/** What a target is sent of an event: event buses have a form of their own, and what comes from a topic has the topic's. */
import type { OutboxEvent } from '../engine/types.ts';
import { busEvent } from './event-bridge.ts';
import { eventMessage } from './record.ts';
import { topicEnvelope } from './topic-envelope.ts';

/** JSON text, unless a message that somebody has sent is another; `accountId` is the server's own account. */
export function messageOf(arn: string, event: OutboxEvent, accountId: string): string {
  if ('topic' in event) return event.isRaw ? event.message : JSON.stringify(topicEnvelope(event));
  if ('messageId' in event) return event.message;
  const isBus = arn.split(':')[2] === 'events';
  return JSON.stringify(isBus && 'key' in event ? busEvent(event, accountId) : eventMessage(event));
}
