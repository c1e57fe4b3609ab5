/**
 * The condition operators, each as a way to make a comparison out of one value of the policy. Negated operators are the
 * same comparisons; `conditions.ts` turns their outcome round.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import { arnMatcher } from './arn-pattern.ts';
import type { RequestContext } from './context.ts';
import { type Glob, globMatcher } from './glob.ts';
import { containsRange, parseIpRange } from './ip-range.ts';
import { constantGlob, expandTemplate, parseTemplate, type Template } from './template.ts';

/** Whether a value of the request fits one value of the policy. */
export type Comparison = (actual: string, context: RequestContext) => boolean;

export interface Operator {
  readonly isNegated: boolean;
  /** Undefined for a value that is none of this operator's type. */
  compare(expected: string, hasVariables: boolean): Comparison | undefined;
}

type Compare = Operator['compare'];
type Order = (actual: number, expected: number) => boolean;

const datePattern = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const equal: Order = (actual, expected) => actual === expected;
const less: Order = (actual, expected) => actual < expected;
const lessOrEqual: Order = (actual, expected) => actual <= expected;
const greater: Order = (actual, expected) => actual > expected;
const greaterOrEqual: Order = (actual, expected) => actual >= expected;

/** By their names in lower case, as the case of an operator does not count. */
export const operators: ReadonlyMap<string, Operator> = new Map([
  ...both('StringEquals', 'StringNotEquals', text({ hasWildcards: false })),
  ...both('StringEqualsIgnoreCase', 'StringNotEqualsIgnoreCase', text({ hasWildcards: false, ignoresCase: true })),
  ...both('StringLike', 'StringNotLike', text({ hasWildcards: true })),
  ...both('NumericEquals', 'NumericNotEquals', ordered(parseNumber, equal)),
  ...one('NumericLessThan', ordered(parseNumber, less)),
  ...one('NumericLessThanEquals', ordered(parseNumber, lessOrEqual)),
  ...one('NumericGreaterThan', ordered(parseNumber, greater)),
  ...one('NumericGreaterThanEquals', ordered(parseNumber, greaterOrEqual)),
  ...both('DateEquals', 'DateNotEquals', ordered(parseDate, equal)),
  ...one('DateLessThan', ordered(parseDate, less)),
  ...one('DateLessThanEquals', ordered(parseDate, lessOrEqual)),
  ...one('DateGreaterThan', ordered(parseDate, greater)),
  ...one('DateGreaterThanEquals', ordered(parseDate, greaterOrEqual)),
  ...one('Bool', compareBoolean),
  ...one('BinaryEquals', compareBinary),
  ...both('IpAddress', 'NotIpAddress', compareAddress),
  // Both forms of each take wildcards.
  ...both('ArnEquals', 'ArnNotEquals', compareArn),
  ...both('ArnLike', 'ArnNotLike', compareArn),
]);

function one(name: string, compare: Compare): [string, Operator][] {
  return [[name.toLowerCase(), { isNegated: false, compare }]];
}

function both(name: string, negatedName: `${string}Not${string}`, compare: Compare): [string, Operator][] {
  return [...one(name, compare), [negatedName.toLowerCase(), { isNegated: true, compare }]];
}

function text({ hasWildcards, ignoresCase = false }: { hasWildcards: boolean; ignoresCase?: boolean }): Compare {
  const fold = (value: string): string => (ignoresCase ? value.toLowerCase() : value);
  return (expected, hasVariables) => {
    const template = parseTemplate(expected, { hasVariables, hasWildcards });
    const constant = constantGlob(template);
    if (constant === undefined) {
      return (actual, context) => {
        const glob = expandTemplate(template, context);
        return glob !== undefined && matcherOf(glob, ignoresCase)(fold(actual));
      };
    }
    const matches = matcherOf(constant, ignoresCase);
    return (actual) => matches(fold(actual));
  };
}

function matcherOf(glob: Glob, ignoresCase: boolean): (text: string) => boolean {
  if (!ignoresCase) return globMatcher(glob);
  // Without wildcards, so there are no marks among the codes.
  const folded = String.fromCharCode(...glob).toLowerCase();
  return (actual) => actual === folded;
}

function ordered(parse: (text: string) => number | undefined, order: Order): Compare {
  return (expected) => {
    const limit = parse(expected);
    if (limit === undefined) return undefined;
    return (actual) => {
      const value = parse(actual);
      return value !== undefined && order(value, limit);
    };
  };
}

function parseNumber(text: string): number | undefined {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Milliseconds since 1970, of one of the W3C's forms of ISO 8601 or of seconds since 1970. A time without a zone is UTC. */
export function parseDate(text: string): number | undefined {
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!datePattern.test(text)) return undefined;
  const zoned = text.length === 10 || /(Z|[+-]\d{2}:?\d{2})$/i.test(text.slice(10)) ? text : `${text}Z`;
  const ms = Date.parse(zoned);
  return Number.isNaN(ms) ? undefined : ms;
}

function compareBoolean(expected: string, hasVariables: boolean): Comparison | undefined {
  if (!/^(true|false)$/i.test(expected) && !(hasVariables && expected.includes('${'))) return undefined;
  return text({ hasWildcards: false, ignoresCase: true })(expected, hasVariables);
}

function compareBinary(expected: string): Comparison | undefined {
  if (!base64Pattern.test(expected)) return undefined;
  const bytes = Buffer.from(expected, 'base64');
  return (actual) => base64Pattern.test(actual) && Buffer.from(actual, 'base64').equals(bytes);
}

function compareAddress(expected: string): Comparison | undefined {
  const range = parseIpRange(expected);
  if (range === undefined) return undefined;
  return (actual) => {
    const address = parseIpRange(actual);
    return address !== undefined && containsRange(range, address);
  };
}

function compareArn(expected: string, hasVariables: boolean): Comparison | undefined {
  const template: Template = parseTemplate(expected, { hasVariables, hasWildcards: true });
  if (expected === '*') return () => true;
  if (!expected.startsWith('arn:') && !expected.startsWith('${')) return undefined;
  return arnMatcher(template);
}
