/** One value of an array in a filter policy: a value to equal, or an operator. */
import { containsRange, parseIpRange } from '../iam/policy/ip-range.ts';

export type Scalar = string | number | boolean | null;

export interface Condition {
  /** Whether it is null itself. */
  readonly isNull: boolean;
  /** Of the values that a key has; none where it is not there. */
  holds(values: readonly Scalar[]): boolean;
}

type Refuse = (why: string) => Error;
type Test = (value: Scalar) => boolean;

const numberMax = 1e9;
/** Of numbers, five digits after the point count. */
const scale = 1e5;

/** Throws what `refuse` makes of AWS's reason. */
export function readCondition(given: unknown, refuse: Refuse): Condition {
  if (isScalar(given))
    return { isNull: given === null, holds: (values) => values.some(equals(checked(given, refuse))) };
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw refuse('Match value must be String, number, true, false, or null');
  }
  const [operator, pattern] = onlyEntry(given, refuse);
  if (operator === 'exists') {
    if (typeof pattern !== 'boolean') throw refuse('exists match pattern must be either true or false.');
    return { isNull: false, holds: (values) => values.length > 0 === pattern };
  }
  const test = readTest({ operator, pattern }, refuse);
  return { isNull: false, holds: (values) => values.some(test) };
}

function readTest({ operator, pattern }: { operator: string; pattern: unknown }, refuse: Refuse): Test {
  switch (operator) {
    case 'prefix':
    case 'suffix':
    case 'equals-ignore-case':
      return textTest(operator, pattern, refuse);
    case 'numeric':
      return numericTest(pattern, refuse);
    case 'anything-but':
      return exceptTest(pattern, refuse);
    case 'cidr':
      return cidrTest(pattern, refuse);
  }
  throw refuse(`Unrecognized match type ${operator}`);
}

function onlyEntry(given: object, refuse: Refuse): [string, unknown] {
  const [entry, ...others] = Object.entries(given);
  if (entry === undefined) throw refuse('Empty objects are not allowed');
  if (others.length > 0) throw refuse('Only one key allowed in match expression');
  return entry;
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function checked(value: Scalar, refuse: Refuse): Scalar {
  if (typeof value === 'number' && Math.abs(value) > numberMax) {
    throw refuse(`Value must be between -${numberMax} and ${numberMax}, inclusive`);
  }
  return value;
}

function equals(wanted: Scalar): Test {
  return (value) =>
    typeof wanted === 'number' && typeof value === 'number' ? scaled(value) === scaled(wanted) : value === wanted;
}

function scaled(value: number): number {
  return Math.round(value * scale);
}

function textTest(operator: 'prefix' | 'suffix' | 'equals-ignore-case', pattern: unknown, refuse: Refuse): Test {
  if (typeof pattern !== 'string') throw refuse(`${operator} match pattern must be a string`);
  const lower = pattern.toLowerCase();
  return (value) => {
    if (typeof value !== 'string') return false;
    if (operator === 'prefix') return value.startsWith(pattern);
    return operator === 'suffix' ? value.endsWith(pattern) : value.toLowerCase() === lower;
  };
}

function exceptTest(pattern: unknown, refuse: Refuse): Test {
  if (typeof pattern === 'object' && pattern !== null && !Array.isArray(pattern)) {
    const [operator, inner] = onlyEntry(pattern, refuse);
    if (operator !== 'prefix' && operator !== 'suffix') {
      throw refuse(`Unsupported anything-but pattern: ${operator}`);
    }
    if (inner === '') throw refuse('Null prefix/suffix not allowed');
    const test = textTest(operator, inner, refuse);
    return (value) => !test(value);
  }
  const list: readonly unknown[] = Array.isArray(pattern) ? pattern : [pattern];
  const isOne = (type: string) => list.every((one) => typeof one === type);
  if (list.length === 0 || !(isOne('string') || isOne('number'))) {
    throw refuse('Inside anything but list, start|null|boolean is not supported.');
  }
  const tests = list.filter(isScalar).map((one) => equals(checked(one, refuse)));
  return (value) => !tests.some((test) => test(value));
}

function cidrTest(pattern: unknown, refuse: Refuse): Test {
  const range = typeof pattern === 'string' && pattern.includes('/') ? parseIpRange(pattern) : undefined;
  if (range === undefined) throw refuse(`Malformed CIDR, one '/' required`);
  return (value) => {
    const address = typeof value === 'string' && !value.includes('/') ? parseIpRange(value) : undefined;
    return address !== undefined && containsRange(range, address);
  };
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  '=': (value, bound) => value === bound,
  '<': (value, bound) => value < bound,
  '<=': (value, bound) => value <= bound,
  '>': (value, bound) => value > bound,
  '>=': (value, bound) => value >= bound,
};

function numericTest(pattern: unknown, refuse: Refuse): Test {
  if (!Array.isArray(pattern)) throw refuse('Value of numeric must be an array.');
  const [operator, bound, second, top, ...others] = pattern as unknown[];
  if (typeof operator !== 'string') throw refuse(`Invalid member in numeric match: ${operator ?? ']'}`);
  if (!Object.hasOwn(comparisons, operator)) throw refuse(`Unrecognized numeric range operator: ${operator}`);
  const first = comparison(operator, bound, refuse);
  if (second === undefined) return numbers([first]);
  if (!operator.startsWith('>')) throw refuse('Too many elements in numeric expression');
  if (typeof second !== 'string') throw refuse(`Bad value in numeric range: ${String(second)}`);
  if (second !== '<' && second !== '<=') throw refuse(`Bad numeric range operator: ${second}`);
  const last = comparison(second, top, refuse);
  if (others.length > 0) throw refuse('Too many terms in numeric range expression');
  if (Number(bound) >= Number(top)) throw refuse('Bottom must be less than top');
  return numbers([first, last]);
}

function comparison(operator: string, bound: unknown, refuse: Refuse): (value: number) => boolean {
  if (typeof bound !== 'number') throw refuse(`Value of ${operator === '=' ? 'equals' : operator} must be numeric`);
  checked(bound, refuse);
  return (value) => comparisons[operator]?.(scaled(value), scaled(bound)) ?? false;
}

function numbers(tests: readonly ((value: number) => boolean)[]): Test {
  return (value) => typeof value === 'number' && tests.every((test) => test(value));
}
