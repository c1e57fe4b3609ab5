/** What `ninefold events tail` does: looks again and again, also while the server is away. */
import { NoAnswer } from './command-error.ts';

/** How often a server that has nothing new is asked again, and one that does not answer. */
const lookEveryMs = 250;

export interface SeenEvent {
  readonly target: string;
  readonly bucket?: string | undefined;
}

export interface TailOptions<E extends SeenEvent> {
  /** Looks behind a place that the last look has said, if there was one. */
  readonly look: (place: readonly string[]) => Promise<{
    readonly events: readonly E[];
    readonly next: string;
    readonly hasGap: boolean;
  }>;
  readonly isWanted: (event: E) => boolean;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly isRead: () => boolean;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** Until nobody reads any more. Rejects where the first look has no answer, as then nothing is known to be there. */
export async function followTail<E extends SeenEvent>(options: TailOptions<E>): Promise<void> {
  const { look, isWanted, print, complain, isRead, pause } = options;
  let isAway = false;
  for (let place: readonly string[] = []; isRead(); ) {
    const page = await look(place).catch((error: unknown) => {
      if (!(error instanceof NoAnswer) || place.length === 0) throw error;
      if (!isAway) complain('The server does not answer any more: waiting for it.');
      isAway = true;
    });
    if (page === undefined) {
      await pause(lookEveryMs);
      continue;
    }
    if (isAway) complain('The server is back. What happened until now is not shown here.');
    else if (page.hasGap) complain('Events are missing here: there were more than the server keeps for this.');
    isAway = false;
    for (const event of page.events) if (isWanted(event)) print(JSON.stringify(event));
    place = [page.next];
    if (page.events.length === 0) await pause(lookEveryMs);
  }
}
