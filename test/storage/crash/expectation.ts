/** What may be seen at a moment of a recorded run: what was acknowledged, and of what was under way the old or the new. */
import assert from 'node:assert/strict';
import type { History } from './history.ts';
import type { State } from './observe.ts';
import type { MarkText } from './scene.ts';

interface TimedMark {
  readonly at: number;
  readonly mark: MarkText;
}

type BegunMark = Extract<MarkText, { readonly began: number }>;

export class Expectation {
  readonly #marks: readonly TimedMark[];
  /** What was seen after each step; entry 0 before the first. */
  readonly #states: readonly State[];

  constructor(history: History) {
    this.#marks = history.marks.map(({ text, start }) => ({ at: start, mark: JSON.parse(text) as MarkText }));
    const states: State[] = [];
    for (const { mark } of this.#marks) if ('seen' in mark) states[mark.seen] = mark.state;
    assert(states.length > 0, 'the scene has been seen');
    this.#states = states;
  }

  /** What was under way at a position, and what of it had been acknowledged: the same text means the same expectation. */
  describe(at: number): string {
    return JSON.stringify(this.#at(at));
  }

  /** Throws unless what is seen after a crash at this position is right. */
  check(seen: State, at: number): void {
    const { begun, acknowledged } = this.#at(at);
    const step = begun?.began ?? 0;
    const after = this.#states[step] ?? {};
    if (begun === undefined || acknowledged.length === begun.changes.length) {
      assert.deepEqual(seen, after, `step ${step} was acknowledged`);
      return;
    }
    const before = this.#states[step - 1] ?? {};
    if (begun.changes.length === 1) checkWhole(seen, before, after);
    else checkEach(seen, { before, after, acknowledged });
  }

  #at(position: number): { begun: BegunMark | undefined; acknowledged: readonly string[] } {
    const past = this.#marks.filter(({ at }) => at <= position).map(({ mark }) => mark);
    const begun = past.findLast((mark) => 'began' in mark);
    const acknowledged = past.flatMap((mark) =>
      begun && 'acknowledged' in mark && mark.acknowledged === begun.began ? mark.changes : [],
    );
    return { begun, acknowledged };
  }
}

function checkWhole(seen: State, before: State, after: State): void {
  try {
    assert.deepEqual(seen, before);
  } catch {
    assert.deepEqual(seen, after, 'what was under way is as before or as after it, as a whole');
  }
}

function checkEach(
  seen: State,
  { before, after, acknowledged }: { before: State; after: State; acknowledged: readonly string[] },
): void {
  for (const resource of new Set([...Object.keys(before), ...Object.keys(after), ...Object.keys(seen)])) {
    const found = seen[resource];
    if (found === after[resource]) continue;
    assert.equal(found, before[resource], `${resource} is as before or as after what was under way`);
    assert(!acknowledged.includes(resource), `what changed ${resource} was acknowledged`);
  }
}
