/**
 * The Condition block of a statement: all of its operators and keys must hold, and of the values of one key any one, or
 * with a negated operator none.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 */
import { type ContextValue, conditionKey, type RequestContext } from './context.ts';
import type { ConditionBlock } from './document.ts';
import { type Comparison, type Operator, operators } from './operators.ts';

/** One key under one operator, as the document spells them. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
  holds(context: RequestContext): boolean;
}

type Holds = Condition['holds'];

/** An operator's name taken apart. */
export interface OperatorName {
  /** In lower case, without the words around it; `null` for the operator of that name. */
  readonly base: string;
  readonly quantifier: 'all' | 'any' | undefined;
  readonly ifExists: boolean;
}

/** Undefined for a name that no operator has. */
export function parseOperator(name: string): OperatorName | undefined {
  const found = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/i.exec(name);
  if (found === null) return undefined;
  const base = (found[2] ?? '').toLowerCase();
  const ifExists = found[3] !== undefined;
  if (base === 'null' ? ifExists : !operators.has(base)) return undefined;
  const quantifier = found[1] === undefined ? undefined : found[1].toLowerCase() === 'forallvalues' ? 'all' : 'any';
  return { base, quantifier, ifExists };
}

/** Every condition of the block. A value that is none of its operator's type matches nothing. */
export function compileConditions(block: ConditionBlock, hasVariables: boolean): readonly Condition[] {
  return Object.entries(block).flatMap(([operator, keys]) => {
    const name = parseOperator(operator);
    return Object.entries(keys).map(([key, values]) => ({
      ...{ operator, key, values },
      holds: name === undefined ? () => false : compileOne(name, { key: conditionKey(key), values, hasVariables }),
    }));
  });
}

interface KeyAndValues {
  readonly key: string;
  readonly values: readonly string[];
  readonly hasVariables: boolean;
}

function compileOne({ base, quantifier, ifExists }: OperatorName, expected: KeyAndValues): Holds {
  const { key, values, hasVariables } = expected;
  const operator = operators.get(base);
  if (operator === undefined) return nullCondition(key, values);
  const comparisons = values.flatMap((value) => operator.compare(value, hasVariables) ?? []);
  const holds = heldValue(operator, comparisons);
  return (context) => {
    const actual = context(key);
    if (actual === undefined) return ifExists || whereMissing(operator, quantifier);
    return holdsForValues(actual, quantifier, { operator, holds: (value) => holds(value, context) });
  };
}

/** `true` asks for a request without the key, `false` for one with it. */
function nullCondition(key: string, values: readonly string[]): Holds {
  const asksMissing = values.some((value) => value.toLowerCase() === 'true');
  const asksPresent = values.some((value) => value.toLowerCase() === 'false');
  return (context) => (context(key) === undefined ? asksMissing : asksPresent);
}

/** Whether one value of the request holds: any comparison, or with a negated operator none. */
function heldValue({ isNegated }: Operator, comparisons: readonly Comparison[]): Comparison {
  const [first] = comparisons;
  const fits: Comparison =
    comparisons.length === 1 && first !== undefined
      ? first
      : (actual, context) => comparisons.some((compare) => compare(actual, context));
  return isNegated ? (actual, context) => !fits(actual, context) : fits;
}

/** A request without the key: all of no values hold, none of them is any, and what is not there equals nothing. */
function whereMissing({ isNegated }: Operator, quantifier: OperatorName['quantifier']): boolean {
  if (quantifier === undefined) return isNegated;
  return quantifier === 'all';
}

/**
 * Without a quantifier a key is taken to have one value. Where it has more, a plain operator holds if any value does and
 * its negation if all do, so that each of the two remains the contrary of the other.
 */
function holdsForValues(
  actual: ContextValue,
  quantifier: OperatorName['quantifier'],
  { operator, holds }: { operator: Operator; holds: (value: string) => boolean },
): boolean {
  if (typeof actual === 'string') return holds(actual);
  if (quantifier === 'all' || (quantifier === undefined && operator.isNegated)) return actual.every(holds);
  return actual.some(holds);
}
