/**
 * The last requests that were refused for want of permission, by their ids, so that whoever holds the id of an error can
 * read why. In memory alone. What a refusal was decided on never changes, so it is explained as of then, when it is asked for.
 */
import { RecentMap } from '../../lib/recent-map.ts';
import type { Explanation } from './explain.ts';

/** Requests that are remembered, at most; at least half as many. */
const requestsMax = 512;
/** Of one request, as DeleteObjects asks for each of its keys. */
const perRequestMax = 4;

export class RefusalBook {
  readonly #refusals = new RecentMap<string, (() => Explanation)[]>(requestsMax);

  note(requestId: string, explain: () => Explanation): void {
    const known = this.#refusals.get(requestId);
    if (known === undefined) this.#refusals.set(requestId, [explain]);
    else if (known.length < perRequestMax) known.push(explain);
  }

  /** Undefined for an id that is unknown, by now or ever. */
  explain(requestId: string): readonly Explanation[] | undefined {
    return this.#refusals.get(requestId)?.map((explain) => explain());
  }
}
