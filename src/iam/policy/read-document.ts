/**
 * Reads the form of a policy document, which is the same for all kinds of policy; what each kind asks beyond it is checked
 * in `identity-policy.ts` and, for buckets, above. Names of elements are case-sensitive, as AWS takes them.
 */
import { parseOperator } from './conditions.ts';
import type { ConditionBlock, Effect, Listed, PolicyDocument, PolicyStatement, PrincipalElement } from './document.ts';
import { operators } from './operators.ts';
import type { Fault, PolicyFault } from './policy-fault.ts';

/** Words a fault as the service does that was given the policy. */
export type Refuse = (fault: Fault) => PolicyFault;

type JsonObject = Readonly<Record<string, unknown>>;

const documentElements = new Set(['Version', 'Id', 'Statement']);
const statementElements = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);
const principalKinds = new Set(['AWS', 'Federated', 'Service', 'CanonicalUser']);

/** Throws what `refuse` makes of the first fault. */
export function readDocument(text: string, refuse: Refuse): PolicyDocument {
  const document = parseObject(text, refuse);
  if (!hasOnly(document, documentElements)) throw refuse({ kind: 'syntax' });
  const { Version, Id, Statement } = document;
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17') throw refuse({ kind: 'version' });
  if (Id !== undefined && typeof Id !== 'string') throw refuse({ kind: 'syntax' });
  if (Statement === undefined) throw refuse({ kind: 'no-statement' });
  const given: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  if (given.length === 0) throw refuse({ kind: 'empty-statement' });
  const statements = given.map((statement) => readStatement(statement, refuse));
  return { hasVariables: Version === '2012-10-17', statements };
}

function parseObject(text: string, refuse: Refuse): JsonObject {
  if (!text.startsWith('{')) throw refuse({ kind: 'first-byte' });
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw refuse({ kind: 'json' });
}

function readStatement(given: unknown, refuse: Refuse): PolicyStatement {
  if (!isObject(given) || !hasOnly(given, statementElements)) throw refuse({ kind: 'syntax' });
  const { Sid } = given;
  if (Sid !== undefined && typeof Sid !== 'string') throw refuse({ kind: 'syntax' });
  const effect = readEffect(given, refuse);
  const principal = readPrincipal(given, refuse);
  const action = readList(given, 'Action', refuse);
  if (action === undefined || action.values.length === 0) throw refuse({ kind: 'no-action' });
  const resource = readList(given, 'Resource', refuse);
  if (resource?.values.length === 0) throw refuse({ kind: 'no-resource' });
  return {
    sid: Sid === '' ? undefined : Sid,
    effect,
    principal,
    action,
    resource,
    conditions: readConditions(given['Condition'], refuse),
  };
}

function readEffect({ Effect: effect }: JsonObject, refuse: Refuse): Effect {
  if (effect === 'Allow' || effect === 'Deny') return effect;
  if (effect === undefined) throw refuse({ kind: 'no-effect' });
  throw refuse(typeof effect === 'string' ? { kind: 'effect', text: effect } : { kind: 'syntax' });
}

function readPrincipal(given: JsonObject, refuse: Refuse): Listed<PrincipalElement> | undefined {
  const element = readEither(given, 'Principal', refuse);
  if (element === undefined) return undefined;
  const { isNot, values } = element;
  if (values === '*') return { isNot, values };
  const fault = { kind: 'principal', text: JSON.stringify(values) } as const;
  if (!isObject(values) || Object.keys(values).length === 0 || !hasOnly(values, principalKinds)) throw refuse(fault);
  const lists = Object.entries(values).map(([kind, value]) => {
    const list = typeof value === 'string' ? [value] : value;
    if (!isStrings(list) || list.length === 0 || list.includes('')) throw refuse(fault);
    return [kind, list];
  });
  return { isNot, values: Object.fromEntries(lists) };
}

function readList(
  given: JsonObject,
  name: 'Action' | 'Resource',
  refuse: Refuse,
): Listed<readonly string[]> | undefined {
  const element = readEither(given, name, refuse);
  if (element === undefined) return undefined;
  const { isNot, values } = element;
  const list = typeof values === 'string' ? [values] : values;
  if (!isStrings(list)) throw refuse({ kind: 'syntax' });
  return { isNot, values: list };
}

/** An element or its contrary, of which a statement has one at most. */
function readEither(given: JsonObject, name: string, refuse: Refuse): Listed<unknown> | undefined {
  const [plain, contrary] = [given[name], given[`Not${name}`]];
  if (plain !== undefined && contrary !== undefined) throw refuse({ kind: 'syntax' });
  if (contrary !== undefined) return { isNot: true, values: contrary };
  return plain === undefined ? undefined : { isNot: false, values: plain };
}

function readConditions(given: unknown, refuse: Refuse): ConditionBlock {
  if (given === undefined) return {};
  if (!isObject(given)) throw refuse({ kind: 'syntax' });
  const block = Object.entries(given).map(([operator, keys]) => {
    if (!isObject(keys)) throw refuse({ kind: 'syntax' });
    if (parseOperator(operator) === undefined) throw refuse({ kind: 'operator', text: operator });
    const read = Object.entries(keys).map(([key, value]) => {
      const values = readConditionValues(value, refuse);
      checkValues(operator, values, refuse);
      return [key, values] as const;
    });
    return [operator, Object.fromEntries(read)] as const;
  });
  return Object.fromEntries(block);
}

/** One value or a list; numbers and truth values may stand without quotation marks. */
function readConditionValues(given: unknown, refuse: Refuse): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  return list.map((value) => {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    throw refuse({ kind: 'syntax' });
  });
}

function checkValues(name: string, values: readonly string[], refuse: Refuse): void {
  const base = parseOperator(name)?.base ?? '';
  const operator = operators.get(base);
  const isValid = (value: string): boolean =>
    operator === undefined ? /^(true|false)$/i.test(value) : operator.compare(value, true) !== undefined;
  if (!values.every(isValid)) throw refuse({ kind: 'condition-value', text: name });
}

function hasOnly(value: JsonObject, names: ReadonlySet<string>): boolean {
  return Object.keys(value).every((name) => names.has(name));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
