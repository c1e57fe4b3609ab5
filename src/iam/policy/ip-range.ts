/** Addresses and CIDR ranges of both families, as condition values and as the sources of requests. */
import { isIP } from 'node:net';

export interface IpRange {
  readonly address: bigint;
  /** Bits that count. */
  readonly prefixLength: number;
  readonly width: 32 | 128;
}

const mappedPattern = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address by itself, or with a length after a slash; undefined for any other text. */
export function parseIpRange(text: string): IpRange | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash === -1) return { ...address, prefixLength: address.width };
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > address.width) return undefined;
  return { ...address, prefixLength: Number(length) };
}

/** Whether all of the inner range lies in the outer one. */
export function containsRange(outer: IpRange, inner: IpRange): boolean {
  if (outer.width !== inner.width || inner.prefixLength < outer.prefixLength) return false;
  const shift = BigInt(outer.width - outer.prefixLength);
  return outer.address >> shift === inner.address >> shift;
}

/** An IPv4 address that a socket of IPv6 shows in its form counts as what it is. */
function parseAddress(text: string): { address: bigint; width: 32 | 128 } | undefined {
  const plain = mappedPattern.exec(text)?.[1] ?? text;
  switch (isIP(plain)) {
    case 4:
      return { address: BigInt(plain.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)), width: 32 };
    case 6:
      return plain.includes('%') ? undefined : { address: parseV6(plain), width: 128 };
  }
  return undefined;
}

function parseV6(text: string): bigint {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: string | undefined, low: string | undefined): string =>
    (Number(high) * 256 + Number(low)).toString(16);
  const plain = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : text;
  const [head = '', tail] = plain.split('::');
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}
