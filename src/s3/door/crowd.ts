/** How many are in at once: all together, and of each client address where that is limited. */
import { clientOf } from './client-address.ts';

export interface CrowdLimits {
  readonly totalMax: number;
  readonly perAddressMax: number | undefined;
}

export class Crowd {
  readonly #limits: CrowdLimits;
  /** Holds addresses that are in, so it has no more entries than `totalMax`. */
  readonly #byAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: CrowdLimits) {
    this.#limits = limits;
  }

  /** Lets one more in; the function returned lets it out and is to be called once. Undefined: there is no room. */
  enter(address: string | undefined): (() => void) | undefined {
    const { totalMax, perAddressMax } = this.#limits;
    if (this.#total >= totalMax) return undefined;
    if (perAddressMax === undefined) {
      this.#total += 1;
      return this.#leave;
    }
    const client = clientOf(address);
    const inside = this.#byAddress.get(client) ?? 0;
    if (inside >= perAddressMax) return undefined;
    this.#total += 1;
    this.#byAddress.set(client, inside + 1);
    return () => {
      this.#total -= 1;
      const left = (this.#byAddress.get(client) ?? 0) - 1;
      if (left > 0) this.#byAddress.set(client, left);
      else this.#byAddress.delete(client);
    };
  }

  readonly #leave = (): void => {
    this.#total -= 1;
  };
}
