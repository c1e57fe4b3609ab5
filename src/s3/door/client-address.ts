import { parseIpRange } from '../../iam/policy/ip-range.ts';

/** By what an address is counted: one of IPv6 by the network of 2^64 addresses that a single client commonly has. */
export function clientOf(address: string | undefined): string {
  if (address === undefined || !address.includes(':')) return address ?? '';
  const parsed = parseIpRange(address);
  if (parsed === undefined) return address;
  return parsed.width === 32
    ? address.slice(address.lastIndexOf(':') + 1)
    : `${(parsed.address >> 64n).toString(16)}::`;
}
