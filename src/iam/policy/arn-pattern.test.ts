import { expect, test } from 'vitest';
import { arnMatcher } from './arn-pattern.ts';
import { contextOf } from './context.ts';
import { parseTemplate } from './template.ts';

const context = contextOf({ 'aws:username': 'ann', 'aws:userid': 'AROA:x', 'aws:referer': '*' });

const cases: readonly (readonly [pattern: string, arn: string, fits: boolean])[] = [
  ['arn:aws:s3:::b', 'arn:aws:s3:::b', true],
  ['arn:aws:s3:::b', 'arn:aws:s3:::bb', false],
  ['arn:aws:s3:::b', 'arn:aws:s3:::b/k', false],
  ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/a/b:c', true],
  ['arn:aws:s3:::b/*', 'arn:aws:s3:::b', false],
  ['arn:aws:s3:::b*', 'arn:aws:s3:::b', true],
  ['arn:aws:s3:::*/k', 'arn:aws:s3:::b/x/k', true],
  ['arn:aws:s3:::B/*', 'arn:aws:s3:::b/k', false],
  ['arn:aws:s3:::b/?', 'arn:aws:s3:::b/k', true],
  ['arn:aws:*:::b', 'arn:aws:s3:::b', true],
  ['arn:*:s3:::b', 'arn:aws:s3:::b', true],
  ['arn:aws:*:b', 'arn:aws:s3:::b', false],
  ['arn:aws:s3', 'arn:aws:s3:::b/k', true],
  ['arn:aws:s3:*', 'arn:aws:s3:::b/k', true],
  ['arn:aws:s3:*', 'arn:aws:iam::1:user/a', false],
  ['arn:aws:iam::1:user/*', 'arn:aws:iam::12:user/a', false],
  ['arn:aws:s3:::home/${aws:username}/*', 'arn:aws:s3:::home/ann/k', true],
  ['arn:aws:s3:::home/${aws:username}/*', 'arn:aws:s3:::home/bob/k', false],
  ['arn:aws:s3:::home/${aws:userid}/*', 'arn:aws:s3:::home/AROA:x/k', true],
  ['arn:aws:s3:::home/${aws:nothing}/*', 'arn:aws:s3:::home//k', false],
  ["arn:aws:s3:::home/${aws:nothing, 'all'}/*", 'arn:aws:s3:::home/all/k', true],
  ['arn:aws:s3:::home/${aws:referer}/*', 'arn:aws:s3:::home/ann/k', false],
  ['arn:aws:s3:::b/${*}', 'arn:aws:s3:::b/*', true],
  ['arn:aws:s3:::b/${*}', 'arn:aws:s3:::b/k', false],
  ['arn:aws:*:::home/${aws:username}', 'arn:aws:s3:::home/ann', true],
  ['arn:aws:s3:::b', 'b', false],
];

test.for(cases)('%s, %s → %s', ([pattern, arn, fits]) => {
  const matches = arnMatcher(parseTemplate(pattern, { hasVariables: true, hasWildcards: true }));
  expect(matches(arn, context)).toBe(fits);
});
