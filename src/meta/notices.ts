/** Whom a change is told, which goes with its command. */
import type { EventCause, EventFacts } from './records.ts';

/** Where rules of the bucket ask for that: the outbox takes it with the change. */
export interface Announced {
  readonly notice?: Notice;
}

export interface Notice {
  /** By AWS's name, without `s3:`: `ObjectCreated:Put`. */
  readonly event: string;
  readonly cause: EventCause;
  readonly atMs: number;
  readonly facts?: EventFacts;
  /** Never empty. */
  readonly to: readonly { readonly target: string; readonly rule: string }[];
}
