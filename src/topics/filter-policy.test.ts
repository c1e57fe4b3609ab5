import { expect, test } from 'vitest';
import { FilterFault, meets, readFilterPolicy } from './filter-policy.ts';

const attributesOf = (given: Record<string, [type: string, value: string]>) =>
  Object.fromEntries(Object.entries(given).map(([name, [type, value]]) => [name, { type, value }]));

test.for<[policy: unknown, values: Record<string, [string, string]>, isMet: boolean]>([
  [{}, {}, true],
  [{ a: ['x', 'y'] }, { a: ['String', 'y'], b: ['String', 'z'] }, true],
  [{ a: ['x'] }, { a: ['String', 'X'] }, false],
  [{ a: ['x'], b: ['y'] }, { a: ['String', 'x'] }, false],
  [{ a: ['x'] }, { a: ['String.Array', '["w","x"]'] }, true],
  [{ a: ['x'] }, { a: ['Binary', 'x'] }, false],
  [{ a: [100] }, { a: ['Number', '100.0'] }, true],
  [{ a: [100] }, { a: ['String', '100'] }, false],
  [{ a: [null] }, {}, true],
  [{ a: [true] }, { a: ['String.Array', '[true]'] }, true],
  [{ a: [{ prefix: 'x-' }] }, { a: ['String', 'x-1'] }, true],
  [{ a: [{ suffix: '.jpg' }] }, { a: ['String', 'a.jpeg'] }, false],
  [{ a: [{ 'equals-ignore-case': 'Tennis' }] }, { a: ['String', 'tENNIS'] }, true],
  [{ a: [{ 'anything-but': ['x', 'y'] }] }, { a: ['String.Array', '["x","z"]'] }, true],
  [{ a: [{ 'anything-but': ['x', 'y'] }] }, { a: ['String.Array', '["x","y"]'] }, false],
  [{ a: [{ 'anything-but': [1] }] }, { a: ['Number', '1'] }, false],
  [{ a: [{ 'anything-but': 'x' }] }, {}, false],
  [{ a: [{ 'anything-but': { prefix: 'x' } }] }, { a: ['String', 'xy'] }, false],
  [{ a: [{ 'anything-but': { suffix: 'x' } }] }, { a: ['String', 'xy'] }, true],
  [{ a: [{ numeric: ['>', 0, '<=', 100] }] }, { a: ['Number', '100'] }, true],
  [{ a: [{ numeric: ['>', 0, '<=', 100] }] }, { a: ['Number', '0'] }, false],
  [{ a: [{ numeric: ['=', 1.00001] }] }, { a: ['Number', '1.000011'] }, true],
  [{ a: [{ exists: false }] }, {}, true],
  [{ a: [{ exists: true }] }, { a: ['String', 'x'] }, true],
  [{ a: [{ cidr: '10.0.0.0/24' }] }, { a: ['String', '10.0.0.255'] }, true],
  [{ a: [{ cidr: '10.0.0.0/24' }] }, { a: ['String', '10.0.1.0'] }, false],
  [{ b: ['y'], $or: [{ a: ['x'] }, { c: [1] }] }, { b: ['String', 'y'], c: ['Number', '1'] }, true],
  [{ b: ['y'], $or: [{ a: ['x'] }, { c: [1] }] }, { b: ['String', 'y'] }, false],
])('attributes: %j, of %j → %s', ([policy, values, isMet]) => {
  const read = readFilterPolicy(JSON.stringify(policy), 'MessageAttributes');
  expect(meets(read, { message: 'm', attributes: attributesOf(values) })).toBe(isMet);
});

test.for<[policy: unknown, message: string, isMet: boolean]>([
  [{ a: ['x'] }, 'no JSON', false],
  [{}, 'no JSON', true],
  [{ a: [null] }, '{"a":null}', true],
  [{ a: [null] }, '{}', false],
  [{ a: { b: [1] } }, '{"a":{"b":[2,1]}}', true],
  [{ a: { b: [{ exists: false }] } }, '{}', true],
  [{ a: { b: [1], c: [2] } }, '{"a":[{"b":1,"c":3},{"b":1,"c":2}]}', true],
  [{ a: { b: [1], c: [2] } }, '{"a":[{"b":1},{"c":2}]}', false],
])('body: %j, of %s → %s', ([policy, message, isMet]) => {
  expect(meets(readFilterPolicy(JSON.stringify(policy), 'MessageBody'), { message })).toBe(isMet);
});

const many = (count: number) => Array.from({ length: count }, (_, at) => at);

test.for<[policy: string | object, why: string]>([
  ['{', 'failed to parse JSON.'],
  ['[]', 'Filter is not an object'],
  [{ a: 'x' }, '"a" must be an object or an array'],
  [{ a: [] }, 'Empty arrays are not allowed'],
  [{ a: [['x']] }, 'Match value must be String, number, true, false, or null'],
  [{ a: [{ other: 1 }] }, 'Unrecognized match type other'],
  [{ a: [{ prefix: 'x', suffix: 'y' }] }, 'Only one key allowed in match expression'],
  [{ a: [{ suffix: 100 }] }, 'suffix match pattern must be a string'],
  [{ a: [{ exists: 'no' }] }, 'exists match pattern must be either true or false.'],
  [{ a: [{ numeric: [] }] }, 'Invalid member in numeric match: ]'],
  [{ a: [{ numeric: ['~'] }] }, 'Unrecognized numeric range operator: ~'],
  [{ a: [{ numeric: ['=', '0'] }] }, 'Value of equals must be numeric'],
  [{ a: [{ numeric: ['<', 100, '>', 10] }] }, 'Too many elements in numeric expression'],
  [{ a: [{ numeric: ['>=', 1, '>', 2] }] }, 'Bad numeric range operator: >'],
  [{ a: [{ numeric: ['>', 20, 30] }] }, 'Bad value in numeric range: 30'],
  [{ a: [{ numeric: ['>', 20, '<'] }] }, 'Value of < must be numeric'],
  [{ a: [{ numeric: ['>', 3, '<', 1] }] }, 'Bottom must be less than top'],
  [{ a: [{ numeric: ['>', 1, '<', 3, '<', 5] }] }, 'Too many terms in numeric range expression'],
  [{ a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] }, 'Filter policy can not have more than 5 keys'],
  [{ a: many(151) }, 'Filter policy is too complex'],
  [{ a: { b: many(76) } }, 'Filter policy is too complex'],
  [{ c: [1, 2], $or: [{ a: many(75) }, { b: [1] }] }, 'Filter policy is too complex'],
  [{ $or: [{ a: ['x'] }, { prefix: ['y'] }] }, 'Unrecognized match type a'],
])('%j → %s', ([policy, why]) => {
  const text = typeof policy === 'string' ? policy : JSON.stringify(policy);
  expect(() => readFilterPolicy(text, 'MessageBody')).toThrow(new FilterFault(why));
});

test('nested, of attributes → refused', () => {
  const why = 'Filter policy scope MessageAttributes does not support nested filter policy';
  expect(() => readFilterPolicy('{"a":{"b":[1]}}', 'MessageAttributes')).toThrow(new FilterFault(why));
});
