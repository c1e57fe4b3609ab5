/** What a target is sent of an event: event buses have a form of their own. */
import type { ObjectEvent, TestEvent } from '../engine/types.ts';
import { busEvent } from './event-bridge.ts';
import { eventMessage } from './record.ts';

/** JSON text; `accountId` is the server's own account. */
export function messageOf(arn: string, event: ObjectEvent | TestEvent, accountId: string): string {
  const isBus = arn.split(':')[2] === 'events';
  return JSON.stringify(isBus && 'key' in event ? busEvent(event, accountId) : eventMessage(event));
}
