import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../../test/support/seeded-random.ts';
import { globMatcher, matchesGlob, wildGlob } from './glob.ts';

const cases: readonly (readonly [pattern: string, text: string, fits: boolean])[] = [
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['*', 'a/b:c', true],
  ['?', '', false],
  ['?', 'a', true],
  ['?', 'ab', false],
  ['a*', 'a', true],
  ['a*', 'ba', false],
  ['*a', 'ba', true],
  ['*a', 'ab', false],
  ['a*b*c', 'a1b2b3c', true],
  ['a*b*c', 'a1c2b', false],
  ['a?c*', 'abc', true],
  ['a?c*', 'ac', false],
  ['**?', 'a', true],
  ['photos/*.jpg', 'photos/2026/a.jpg', true],
  ['a.c', 'abc', false],
  ['A', 'a', false],
];

test.for(cases)('%s, %s → %s', ([pattern, text, fits]) => {
  expect(globMatcher(wildGlob(pattern))(text)).toBe(fits);
  expect(matchesGlob(wildGlob(pattern), text)).toBe(fits);
});

describe('any pattern', () => {
  test('fits what a regular expression of the same meaning fits', () => {
    const random = new SeededRandom(4711);
    const word = (letters: string): string =>
      Array.from({ length: random.below(9) }, () => letters[random.below(letters.length)]).join('');
    for (let round = 0; round < 5000; round++) {
      const [pattern, text] = [word('ab*?'), word('ab')];
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(globMatcher(wildGlob(pattern))(text), `${pattern} ${text}`).toBe(expression.test(text));
    }
  });

  test('with many wildcards → decided all the same, in a moment', () => {
    expect(globMatcher(wildGlob(`${'*a'.repeat(1000)}b`))('a'.repeat(5000))).toBe(false);
  });
});
