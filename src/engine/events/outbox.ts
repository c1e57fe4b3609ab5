/** What delivers events sees of the outbox. */
import type { OutboxEntry, TestEvent } from '../../meta/records.ts';
import type { OutboxQuery, OutboxSize } from '../../meta/types.ts';
import type { EngineContext } from '../context.ts';
import { refusing } from '../refusals.ts';

export interface Outbox {
  /** Events that wait for a target, in the order in which they happened. */
  list(query: OutboxQuery): Promise<readonly OutboxEntry[]>;
  /** How much waits for each target, dead letters apart; only of targets for which anything does. */
  sizes(): Promise<readonly OutboxSize[]>;
  /** Says what became of events, by their sequences: those delivered go, dead letters stay and are no longer listed. */
  settle(outcome: { readonly delivered: readonly number[]; readonly dead: readonly number[] }): Promise<void>;
  /** Sends a test event to each of the targets. */
  postTests(targets: readonly string[], event: Omit<TestEvent, 'event' | 'atMs'>): Promise<void>;
}

export function createOutbox({ index, clock }: Pick<EngineContext, 'index' | 'clock'>): Outbox {
  return {
    list: (query) => refusing({}, () => index.listEvents(query)),
    sizes: () => refusing({}, () => index.countEvents()),
    settle: ({ delivered, dead }) => refusing({}, () => index.submit({ type: 'settle-events', delivered, dead })),
    postTests: (targets, { bucket, requestId, hostId }) =>
      refusing({ bucket }, () =>
        index.submit({
          type: 'post-test-events',
          targets,
          event: { event: 'TestEvent', atMs: clock.nowMs(), bucket, requestId, hostId },
        }),
      ),
  };
}
