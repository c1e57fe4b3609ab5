/** The lanes to the targets that there are; those of targets that are gone end when nothing is left in them. */
import type { SettledEvents } from '../engine/types.ts';
import { Lane, type LaneOptions } from './lane.ts';
import type { EventTarget } from './target.ts';

export interface LanesOptions extends Omit<LaneOptions, 'target' | 'messageOf'> {
  /** What a target, by its ARN, is sent of an event. */
  readonly messageOf: (arn: string, event: Parameters<LaneOptions['messageOf']>[0]) => string;
}

export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<string, Lane>();
  /** What those have done that are no more. */
  readonly #past = { delivered: 0, failures: 0 };

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** The lanes to these targets, in their order. */
  to(targets: readonly EventTarget[]): readonly Lane[] {
    const there = targets.map((target) => this.#laneTo(target));
    if (there.length < this.#lanes.size) this.#end(new Set(there));
    return there;
  }

  get delivered(): number {
    return this.#past.delivered + this.all().reduce((total, lane) => total + lane.delivered, 0);
  }
  get failures(): number {
    return this.#past.failures + this.all().reduce((total, lane) => total + lane.failures, 0);
  }

  all(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  /** What became of events since the last call. */
  takeSettled(): Required<SettledEvents> {
    const settled = this.all().map((lane) => lane.takeSettled());
    return {
      delivered: settled.flatMap(({ delivered }) => delivered),
      dead: settled.flatMap(({ dead }) => dead),
      aside: settled.flatMap(({ aside }) => aside),
    };
  }

  /** The outbox knows of events that they are set aside. */
  areAside(sequences: readonly number[]): void {
    for (const lane of this.#lanes.values()) lane.areAside(sequences);
  }

  /** Resolves when nothing is under way any more. */
  async quiet(): Promise<void> {
    await Promise.all(this.all().map((lane) => lane.quiet()));
  }

  #laneTo(target: EventTarget): Lane {
    const { arn } = target;
    const known = this.#lanes.get(arn);
    if (known !== undefined) return known;
    const { messageOf, ...options } = this.#options;
    const lane = new Lane({ ...options, target, messageOf: (event) => messageOf(arn, event) });
    this.#lanes.set(arn, lane);
    return lane;
  }

  #end(there: ReadonlySet<Lane>): void {
    for (const [arn, lane] of this.#lanes) {
      if (!lane.isIdle || there.has(lane)) continue;
      this.#lanes.delete(arn);
      this.#past.delivered += lane.delivered;
      this.#past.failures += lane.failures;
    }
  }
}
