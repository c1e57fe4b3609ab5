/** Events that have not arrived, as the operator sees them and decides on them. */
import { z } from 'zod';
import type { Outbox } from '../engine/types.ts';
import { Refusal } from './requests.ts';
import { type Route, readBody, refuseBody } from './routes.ts';

const replaySchema = z.strictObject({ target: z.string() });
const dropSchema = z.strictObject({ target: z.string(), which: z.enum(['dead', 'waiting']) });

/** What enters the outbox, a page behind a place that the last page has named; without one, from now on. */
export interface EventTail {
  look(place?: string): object;
}

export function eventRoutes(outbox: Pick<Outbox, 'sizes' | 'replay' | 'drop'>, tail: EventTail): readonly Route[] {
  /** Throws Refusal for a target for which there is nothing. */
  const requireKnown = async (target: string): Promise<void> => {
    const known = [...new Set((await outbox.sizes()).map((size) => size.target))];
    if (known.includes(target)) return;
    const there = known.length === 0 ? 'for no target there are any' : `there are some for ${known.join(', ')}`;
    throw new Refusal('NoSuchTarget', `There are no events for ${target}; ${there}`);
  };
  return [
    {
      method: 'GET',
      path: 'events/tail',
      async run({ body }) {
        refuseBody(body);
        return tail.look();
      },
    },
    {
      method: 'GET',
      path: 'events/tail/:place',
      async run({ body, parameters: { place } }) {
        refuseBody(body);
        return tail.look(place);
      },
    },
    {
      method: 'POST',
      path: 'events/replay',
      async run({ body }) {
        const { target } = readBody(body, replaySchema);
        await requireKnown(target);
        return { events: await outbox.replay(target) };
      },
    },
    {
      method: 'POST',
      path: 'events/drop',
      async run({ body }) {
        const { target, which } = readBody(body, dropSchema);
        await requireKnown(target);
        return { events: await outbox.drop(target, which) };
      },
    },
  ];
}
