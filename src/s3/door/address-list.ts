/** Addresses and CIDR ranges, as the configuration lists them. */
import { containsRange, type IpRange, parseIpRange } from '../../iam/policy/ip-range.ts';
import { RecentMap } from '../../lib/recent-map.ts';

/** Of how many addresses the answer is kept. */
const knownMax = 1_000;

export class AddressList {
  readonly #ranges: readonly IpRange[];
  readonly #known = new RecentMap<string, boolean>(knownMax);

  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map(parseIpRange).filter((range) => range !== undefined);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  has(address: string | undefined): boolean {
    if (address === undefined || this.isEmpty) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const range = parseIpRange(address);
    const isListed = range !== undefined && this.#ranges.some((outer) => containsRange(outer, range));
    this.#known.set(address, isListed);
    return isListed;
  }
}
