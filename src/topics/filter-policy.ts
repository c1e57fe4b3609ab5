/**
 * Filter policies of subscriptions: what they may say, and whether a message meets one.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
import type { MessageAttributes } from '../engine/types.ts';
import type { SubscriptionRecord } from '../iam/records.ts';
import { type Condition, readCondition, type Scalar } from './filter-condition.ts';

export type FilterScope = 'MessageAttributes' | 'MessageBody';

export interface FilterPolicy {
  readonly scope: FilterScope;
  readonly root: Filter;
}

/** What all must hold; of each `any` one. */
interface Filter {
  readonly leaves: ReadonlyMap<string, readonly Condition[]>;
  readonly nested: ReadonlyMap<string, Filter>;
  readonly any: readonly Filter[];
}

/** Why a text is no filter policy, in AWS's words. */
export class FilterFault extends Error {
  override readonly name = 'FilterFault';
}

const bytesMax = 256 * 1024;
const keysMax = 5;
const combinationsMax = 150;
/** With one of these as a key `$or` is the name of an attribute. */
const reserved = new Set('anything-but cidr equals-ignore-case exists numeric prefix suffix wildcard'.split(' '));

/** Throws FilterFault. */
export function readFilterPolicy(text: string, scope: FilterScope): FilterPolicy {
  if (Buffer.byteLength(text) > bytesMax) throw new FilterFault('Filter policy is too long');
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new FilterFault('failed to parse JSON.', { cause: error });
  }
  if (!isObject(given)) throw new FilterFault('Filter is not an object');
  const root = readFilter(given);
  if (scope === 'MessageAttributes' && hasNested(root)) {
    throw new FilterFault('Filter policy scope MessageAttributes does not support nested filter policy');
  }
  if (Object.keys(given).length > keysMax) {
    throw new FilterFault(`Filter policy can not have more than ${keysMax} keys`);
  }
  if (combinationsOf(root, 1) > combinationsMax) throw new FilterFault('Filter policy is too complex');
  return { scope, root };
}

function readFilter(given: Readonly<Record<string, unknown>>): Filter {
  const leaves = new Map<string, readonly Condition[]>();
  const nested = new Map<string, Filter>();
  let any: readonly Filter[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (key === '$or' && isAlternatives(value)) {
      any = value.map(readFilter);
    } else if (Array.isArray(value)) {
      if (value.length === 0) throw new FilterFault('Empty arrays are not allowed');
      leaves.set(
        key,
        value.map((one) => readCondition(one, (why) => new FilterFault(why))),
      );
    } else if (isObject(value)) {
      if (Object.keys(value).length === 0) throw new FilterFault('Empty objects are not allowed');
      nested.set(key, readFilter(value));
    } else throw new FilterFault(`"${key}" must be an object or an array`);
  }
  return { leaves, nested, any };
}

function isAlternatives(value: unknown): value is readonly Readonly<Record<string, unknown>>[] {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.every(
      (one) => isObject(one) && Object.keys(one).length > 0 && !Object.keys(one).some((key) => reserved.has(key)),
    )
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasNested({ nested, any }: Filter): boolean {
  return nested.size > 0 || any.some(hasNested);
}

/** Values of each array times the depth of its key, multiplied; those of alternatives are added. */
function combinationsOf({ leaves, nested, any }: Filter, depth: number): number {
  const factors = [
    ...[...leaves.values()].map(({ length }) => length * depth),
    ...[...nested.values()].map((filter) => combinationsOf(filter, depth + 1)),
    ...(any.length > 0 ? [any.reduce((sum, filter) => sum + combinationsOf(filter, depth), 0)] : []),
  ];
  return factors.reduce((product, factor) => product * factor, 1);
}

const compiled = new WeakMap<SubscriptionRecord, FilterPolicy>();

/** What a subscription asks of messages, by the record, which every change makes anew; undefined for one that takes all. */
export function filterOf(record: SubscriptionRecord): FilterPolicy | undefined {
  const { filterPolicy, filterScope = 'MessageAttributes' } = record;
  if (filterPolicy === undefined) return undefined;
  const known = compiled.get(record) ?? readFilterPolicy(filterPolicy, filterScope);
  compiled.set(record, known);
  return known;
}

/** Whether a message goes to who has the policy. A body that is no object of JSON meets none that asks for anything. */
export function meets(
  { scope, root }: FilterPolicy,
  { message, attributes = {} }: { readonly message: string; readonly attributes?: MessageAttributes | undefined },
): boolean {
  if (scope === 'MessageAttributes') return holds(root, scalarsOf(attributes), scope);
  if (root.leaves.size + root.nested.size + root.any.length === 0) return true;
  let body: unknown;
  try {
    body = JSON.parse(message);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return isObject(body) && holds(root, body, scope);
}

/** What is in an array is asked one by one, so that all that is asked of an object holds of the same one. */
function holds(filter: Filter, given: unknown, scope: FilterScope): boolean {
  if (Array.isArray(given) && given.length > 0) return given.some((one) => holds(filter, one, scope));
  const of = new Map(isObject(given) ? Object.entries(given) : []);
  return (
    [...filter.leaves].every(([key, conditions]) => {
      const values = valuesIn(of.get(key));
      // Of attributes, null is one that is not there.
      const found = scope === 'MessageAttributes' && values.length === 0 ? 'absent' : 'there';
      return conditions.some((condition) => (found === 'absent' && condition.isNull) || condition.holds(values));
    }) &&
    [...filter.nested].every(([key, inner]) => holds(inner, of.get(key), scope)) &&
    (filter.any.length === 0 || filter.any.some((inner) => holds(inner, given, scope)))
  );
}

function valuesIn(value: unknown): readonly Scalar[] {
  if (Array.isArray(value)) return value.flatMap(valuesIn);
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? [value]
    : [];
}

/** Attributes of other types than these are not compared. */
function scalarsOf(attributes: MessageAttributes): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, { type, value }]): [string, unknown][] => {
      if (type === 'String') return [[name, value]];
      if (type === 'Number') return [[name, Number(value)]];
      return type === 'String.Array' ? [[name, elementsIn(value)]] : [];
    }),
  );
}

function elementsIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [];
  }
}
