/** What delivers events sees of the outbox. */
import type { PostedMessage } from '../../meta/commands.ts';
import type { EventSetAside, OutboxEntry, TestEvent } from '../../meta/records.ts';
import type {
  EventFollower,
  OutboxAsideQuery,
  OutboxKeyQuery,
  OutboxPlaceQuery,
  OutboxQuery,
  OutboxSize,
} from '../../meta/types.ts';
import type { EngineContext } from '../context.ts';
import { refusing } from '../refusals.ts';

/** What became of events, by their sequences. */
export interface SettledEvents {
  readonly delivered: readonly number[];
  readonly dead: readonly number[];
  /** Not taken, and to be tried again. */
  readonly aside?: readonly EventSetAside[];
}

export interface Outbox {
  /** Events that wait for a target, in the order in which they happened. */
  list(query: OutboxQuery): Promise<readonly OutboxEntry[]>;
  /** The same of one key, up to a place in the order. */
  listOn(query: OutboxKeyQuery): Promise<readonly OutboxEntry[]>;
  /** How much waits for each target, dead letters apart; only of targets for which anything does. */
  sizes(): Promise<readonly OutboxSize[]>;
  /** Events that are set aside and may be tried again, in the order of that. */
  listAside(query: OutboxAsideQuery): Promise<readonly OutboxEntry[]>;
  /** Of events behind one of their key that is set aside, the sequence of that one by theirs. */
  findAside(behind: readonly OutboxPlaceQuery[]): Promise<ReadonlyMap<number, number>>;
  /** Says what became of events: those delivered go, dead letters stay and are no longer listed, what is set aside waits. */
  settle(outcome: SettledEvents): Promise<void>;
  /** Sends the dead letters of a target again, and says how many there were. */
  replay(target: string): Promise<number>;
  /** Forgets the dead letters of a target, or what waits for it, and says how many there were. */
  drop(target: string, which: 'dead' | 'waiting'): Promise<number>;
  /** Has messages of topics sent, and such as were sent to a queue, each to a target, also in place of an event that is there. */
  post(messages: readonly PostedMessage[]): Promise<void>;
  /** Sends a test event to each of the targets. */
  postTests(targets: readonly string[], event: Omit<TestEvent, 'event' | 'atMs'>): Promise<void>;
  /** Tells of events as they enter, until what is returned is called. */
  follow(follower: EventFollower): () => void;
}

/** Events that one command moves or removes, so that no batch takes long. */
const atOnce = 1000;

export function createOutbox({ index, clock }: Pick<EngineContext, 'index' | 'clock'>): Outbox {
  return {
    list: (query) => refusing({}, () => index.listEvents(query)),
    listOn: (query) => refusing({}, () => index.listEventsOn(query)),
    sizes: () => refusing({}, () => index.countEvents()),
    listAside: (query) => refusing({}, () => index.listEventsAside(query)),
    findAside: (behind) => refusing({}, () => index.findEventsAside(behind)),
    settle: ({ delivered, dead, aside = [] }) =>
      refusing({}, () => index.submit({ type: 'settle-events', delivered, dead, ...(aside.length > 0 && { aside }) })),
    replay: (target) =>
      refusing({}, () => inPieces(() => index.submit({ type: 'replay-events', target, limit: atOnce }))),
    drop: (target, which) =>
      refusing({}, () =>
        inPieces(() => index.submit({ type: 'drop-events', target, isDead: which === 'dead', limit: atOnce })),
      ),
    post: (messages) => refusing({}, () => index.submit({ type: 'post-messages', messages })),
    follow: (follower) => index.followEvents(follower),
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

/** Goes on until a piece is not a whole one; returns how many there were in all. */
async function inPieces(step: () => Promise<{ readonly events: number }>): Promise<number> {
  for (let total = 0; ; ) {
    const { events } = await step();
    total += events;
    if (events < atOnce) return total;
  }
}
