/** Every operator, with what is around it, against requests with, without and with several values of its key. */
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { compileConditions } from './conditions.ts';
import { type ContextValue, contextOf } from './context.ts';

const holds = (operator: string, expected: readonly string[], actual: ContextValue | undefined): boolean =>
  compileConditions({ [operator]: { 's3:Key': expected } }, true).every((condition) =>
    condition.holds(
      contextOf({
        'aws:username': 'ann',
        'aws:tagkeys': ['a', 'b'],
        ...(actual !== undefined && { 's3:key': actual }),
      }),
    ),
  );

type Case = readonly [operator: string, expected: readonly string[], actual: ContextValue | undefined, holds: boolean];

const single: readonly Case[] = [
  ['StringEquals', ['a', 'b'], 'b', true],
  ['StringEquals', ['a'], 'A', false],
  ['StringEquals', ['a*'], 'ab', false],
  ['StringEquals', ['a*'], 'a*', true],
  ['StringEquals', ['a'], undefined, false],
  ['StringEquals', [], 'a', false],
  ['StringEquals', [''], '', true],
  ['stringequals', ['a'], 'a', true],
  ['StringNotEquals', ['a', 'b'], 'b', false],
  ['StringNotEquals', ['a', 'b'], 'c', true],
  ['StringNotEquals', ['a'], undefined, true],
  ['StringEqualsIgnoreCase', ['aB'], 'Ab', true],
  ['StringEqualsIgnoreCase', ['a*'], 'ab', false],
  ['StringNotEqualsIgnoreCase', ['aB'], 'Ab', false],
  ['StringLike', ['a*'], 'ab', true],
  ['StringLike', ['a?c'], 'abc', true],
  ['StringLike', ['A*'], 'ab', false],
  ['StringNotLike', ['a*'], 'ab', false],
  ['StringNotLike', ['a*'], 'b', true],
  ['NumericEquals', ['10'], '10.0', true],
  ['NumericEquals', ['10'], 'ten', false],
  ['NumericNotEquals', ['10'], '11', true],
  ['NumericNotEquals', ['10'], '10', false],
  ['NumericLessThan', ['10'], '9', true],
  ['NumericLessThan', ['10'], '10', false],
  ['NumericLessThanEquals', ['10'], '10', true],
  ['NumericLessThanEquals', ['10'], '11', false],
  ['NumericGreaterThan', ['10'], '11', true],
  ['NumericGreaterThan', ['10'], '10', false],
  ['NumericGreaterThanEquals', ['10'], '10', true],
  ['NumericGreaterThanEquals', ['10'], '9', false],
  ['NumericGreaterThan', ['9'], '10', true],
  ['DateEquals', ['2026-01-02T03:04:05Z'], '2026-01-02T04:04:05+01:00', true],
  ['DateEquals', ['1767323045'], '2026-01-02T03:04:05Z', true],
  ['DateNotEquals', ['2026-01-02'], '2026-01-02T00:00:00Z', false],
  ['DateLessThan', ['2026-01-02'], '2026-01-01T23:59:59Z', true],
  ['DateLessThan', ['2026-01-02'], '2026-01-02T00:00:00Z', false],
  ['DateLessThanEquals', ['2026-01-02'], '2026-01-02T00:00:00Z', true],
  ['DateGreaterThan', ['2026-01-02T00:00Z'], '2026-01-02T00:00:01Z', true],
  ['DateGreaterThan', ['2026-01-02'], '2026-01-02T00:00:00Z', false],
  ['DateGreaterThanEquals', ['2026-01-02'], '2026-01-02T00:00:00Z', true],
  ['DateGreaterThanEquals', ['2026-01-02'], 'today', false],
  ['Bool', ['true'], 'true', true],
  ['Bool', ['True'], 'true', true],
  ['Bool', ['true'], 'false', false],
  ['Bool', ['false'], undefined, false],
  ['Bool', ['yes'], 'yes', false],
  ['BinaryEquals', ['QUI='], 'QUI=', true],
  ['BinaryEquals', ['QUI='], 'QUM=', false],
  ['IpAddress', ['203.0.113.0/24'], '203.0.113.200', true],
  ['IpAddress', ['203.0.113.0/24'], '203.0.114.1', false],
  ['IpAddress', ['203.0.113.7'], '203.0.113.7', true],
  ['IpAddress', ['0.0.0.0/0'], '::1', false],
  ['IpAddress', ['10.0.0.0/24'], '10.0.0.0/8', false],
  ['IpAddress', ['2001:db8::/32'], '2001:db8:1::1', true],
  ['IpAddress', ['2001:db8::/32'], '2001:db9::1', false],
  ['IpAddress', ['127.0.0.0/8'], '::ffff:127.0.0.1', true],
  ['NotIpAddress', ['203.0.113.0/24'], '203.0.113.200', false],
  ['NotIpAddress', ['203.0.113.0/24'], '198.51.100.1', true],
  ['NotIpAddress', ['203.0.113.0/24'], undefined, true],
  ['ArnEquals', ['arn:aws:iam::*:user/*'], 'arn:aws:iam::1:user/ann', true],
  ['ArnLike', ['arn:aws:iam::1:user/a?n'], 'arn:aws:iam::1:user/ann', true],
  ['ArnLike', ['arn:aws:s3:*'], 'arn:aws:s3:::b', true],
  ['ArnLike', ['arn:aws:*:user/ann'], 'arn:aws:iam::1:user/ann', false],
  ['ArnLike', ['arn:aws:iam::1:user/ann'], 'ann', false],
  ['ArnLike', ['urn:*'], 'urn:aws:iam::1:user/ann', false],
  ['ArnNotEquals', ['arn:aws:iam::*:user/*'], 'arn:aws:iam::1:user/ann', false],
  ['ArnNotLike', ['arn:aws:iam::*:user/*'], 'arn:aws:iam::1:role/ann', true],
  ['Null', ['true'], undefined, true],
  ['Null', ['true'], 'a', false],
  ['Null', ['false'], 'a', true],
  ['Null', ['false'], undefined, false],
];

test.for(single)('%s %j, request %j → %s', ([operator, expected, actual, outcome]) => {
  expect(holds(operator, expected, actual)).toBe(outcome);
});

const around: readonly Case[] = [
  ['StringEqualsIfExists', ['a'], undefined, true],
  ['StringEqualsIfExists', ['a'], 'b', false],
  ['StringNotEqualsIfExists', ['a'], undefined, true],
  ['NumericLessThanIfExists', ['1'], undefined, true],
  ['BoolIfExists', ['true'], 'false', false],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'c'], false],
  ['ForAllValues:StringEquals', ['a'], [], true],
  ['ForAllValues:StringEquals', ['a'], undefined, true],
  ['ForAllValues:StringNotEquals', ['a'], ['b', 'c'], true],
  ['ForAllValues:StringNotEquals', ['a'], ['a', 'c'], false],
  ['ForAllValues:StringLike', ['a*'], ['ab', 'ac'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'b'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['c'], false],
  ['ForAnyValue:StringEquals', ['a'], [], false],
  ['ForAnyValue:StringEquals', ['a'], undefined, false],
  ['ForAnyValue:StringNotEquals', ['a'], ['a', 'b'], true],
  ['ForAnyValue:StringNotEquals', ['a'], ['a'], false],
  ['ForAnyValue:StringNotEquals', ['a'], undefined, false],
  ['ForAnyValue:StringEqualsIfExists', ['a'], undefined, true],
  ['ForAnyValue:StringEquals', ['a'], 'a', true],
  ['StringEquals', ['a'], ['a', 'b'], true],
  ['StringNotEquals', ['a'], ['a', 'b'], false],
  ['StringEquals', ['a'], ['b', 'c'], false],
  ['StringNotEquals', ['a'], ['b', 'c'], true],
];

test.for(around)('%s %j, request %j → %s', ([operator, expected, actual, outcome]) => {
  expect(holds(operator, expected, actual)).toBe(outcome);
});

const variables: readonly Case[] = [
  ['StringEquals', ['${aws:username}'], 'ann', true],
  ['StringEquals', ['${AWS:UserName}/x'], 'ann/x', true],
  ['StringEquals', ["${aws:nothing, 'company'}"], 'company', true],
  ['StringEquals', ["${aws:username, 'company'}"], 'company', false],
  ['StringEquals', ['${aws:nothing}'], '${aws:nothing}', false],
  ['StringNotEquals', ['${aws:nothing}'], 'a', true],
  ['StringEquals', ['${aws:tagkeys}'], 'a', false],
  ['StringEquals', ["${aws:tagkeys, 'z'}"], 'z', false],
  ['StringLike', ['${aws:username}*'], 'anna', true],
  ['StringLike', ['a${*}'], 'ab', false],
  ['StringLike', ['a${*}'], 'a*', true],
  ['StringLike', ['a${?}*'], 'a?b', true],
  ['StringLike', ['${$}*'], '$b', true],
  ['StringEquals', ['a${b'], 'a${b', true],
  ['StringEqualsIgnoreCase', ['${aws:username}'], 'ANN', true],
  ['ArnLike', ['arn:aws:iam::1:user/${aws:username}'], 'arn:aws:iam::1:user/ann', true],
  ['ArnLike', ['arn:aws:iam::1:user/${aws:username}'], 'arn:aws:iam::1:user/bob', false],
  ['ArnLike', ['arn:aws:${aws:nothing}::1:user/ann'], 'arn:aws:iam::1:user/ann', false],
];

test.for(variables)('%s %j, request %j → %s', ([operator, expected, actual, outcome]) => {
  expect(holds(operator, expected, actual)).toBe(outcome);
});

test('a date without a zone → is UTC, wherever the server stands', () => {
  vi.stubEnv('TZ', 'America/New_York');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(holds('DateEquals', ['2026-01-02T03:04:05'], '2026-01-02T03:04:05Z')).toBe(true);
});

describe('a block', () => {
  const context = contextOf({ 's3:prefix': 'a', 's3:delimiter': '/', 's3:ExistingObjectTag/Team': 'x' });
  const block = (conditions: Parameters<typeof compileConditions>[0], hasVariables = true): boolean =>
    compileConditions(conditions, hasVariables).every((condition) => condition.holds(context));

  test('holds if all of its operators and keys do, whatever the case of a key', () => {
    expect(block({ StringEquals: { 's3:prefix': ['a'], 'S3:Delimiter': ['/'] } })).toBe(true);
    expect(block({ StringEquals: { 's3:prefix': ['a'], 's3:delimiter': ['x'] } })).toBe(false);
    expect(block({ StringEquals: { 's3:prefix': ['a'] }, StringLike: { 's3:delimiter': ['x*'] } })).toBe(false);
    expect(block({ StringEquals: { 's3:existingobjecttag/Team': ['x'] } })).toBe(true);
    expect(block({})).toBe(true);
  });

  test('of a document without variables → ${ is text', () => {
    const withText = contextOf({ 's3:prefix': '${aws:username}', 'aws:username': 'ann' });
    const [condition] = compileConditions({ StringEquals: { 's3:prefix': ['${aws:username}'] } }, false);
    expect(condition?.holds(withText)).toBe(true);
  });

  test('a value of a variable is never a pattern', () => {
    const [condition] = compileConditions({ StringLike: { 's3:prefix': ['${aws:referer}'] } }, true);
    expect(condition?.holds(contextOf({ 's3:prefix': 'secret', 'aws:referer': '*' }))).toBe(false);
  });
});
