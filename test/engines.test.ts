/** Whoever installs Ninefold with a Node that it asks for has one that everything it needs asks for. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

function textOf(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
}

interface Package {
  readonly engines?: { readonly node?: string };
  readonly dev?: boolean;
}
interface Lockfile {
  readonly packages: Readonly<Record<string, Package>>;
}

const { packages }: Lockfile = JSON.parse(textOf('package-lock.json'));

/** Major and minor number that a range begins with. */
function leastOf(alternative: string): readonly [major: number, minor: number] {
  const [, major = '0', minor = '0'] = /(\d+)(?:\.(\d+))?/.exec(alternative) ?? [];
  return [Number(major), Number(minor)];
}

/** Whether a range takes a version: alternatives that each begin with `>=` or `^`. */
function takes(range: string, [major, minor]: readonly [number, number]): boolean {
  return range.split('||').some((alternative) => {
    const [leastMajor, leastMinor] = leastOf(alternative);
    if (major === leastMajor) return minor >= leastMinor;
    return major > leastMajor && alternative.includes('>');
  });
}

test('the oldest Node that the package asks for → every package of production takes it', () => {
  const { '': own, ...others } = packages;
  const oldest = leastOf(own?.engines?.node ?? '');
  const unhappy = Object.entries(others).filter(([, { dev = false, engines }]) => {
    return !dev && engines?.node !== undefined && !takes(engines.node, oldest);
  });
  expect(unhappy).toEqual([]);
  expect(takes('>= 22.22.0 || >= 24.6.0', [22, 18])).toBe(false);
  expect(takes('^22.1 || ^24', [26, 0])).toBe(false);
});

test('the README and ARCHITECTURE.md → ask for the same Node as the package', () => {
  const oldest = leastOf(packages['']?.engines?.node ?? '').join('.');
  expect(textOf('README.md')).toContain(`Node ${oldest} or later`);
  expect(textOf('ARCHITECTURE.md')).toContain(`must be ${oldest} or later`);
});
