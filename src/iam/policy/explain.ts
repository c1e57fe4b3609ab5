/**
 * Why a decision is what it is, for people: each step of AWS's order, and every statement of every policy that has a say with
 * what of it fits the request. The outcome is that of `decide`, and statements are held against the request by the same
 * compiled matchers, so an explanation cannot differ from what requests meet. Pure.
 */
import type { CompiledStatement } from './compile.ts';
import { type ContextValue, conditionKey } from './context.ts';
import {
  type AccessQuestion,
  type Decision,
  decide,
  type NamedPolicy,
  type PolicyLayer,
  principalMatch,
} from './decide.ts';
import type { Effect, PolicyStatement } from './document.ts';
import type { PrincipalMatch } from './principals.ts';
import { refusalText } from './refusal-text.ts';

export interface ExplainedCondition {
  readonly operator: string;
  readonly key: string;
  /** Of the policy, with its variables as they are written. */
  readonly expected: readonly string[];
  /** Of the request; absent where it has none. */
  readonly actual?: ContextValue;
  readonly holds: boolean;
}

export interface ExplainedStatement {
  readonly layer: PolicyLayer;
  readonly policy: string;
  /** Place in the document, from 1. */
  readonly number: number;
  readonly sid?: string;
  readonly effect: Effect;
  /** Of a resource's policy: how it names who asks. */
  readonly match?: PrincipalMatch;
  /** Elements that do not fit the request; a statement without any applies. */
  readonly misses: readonly ('Principal' | 'Action' | 'Resource' | 'Condition')[];
  readonly conditions: readonly ExplainedCondition[];
  /** As a document has it, in its long form. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** One step of the order: what it says, in a word or two, and why. */
export interface ExplainedStep {
  readonly step: string;
  readonly says: string;
  readonly why?: string;
}

export interface Explanation {
  /** ARN, or `anonymous`. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly outcome: Decision['outcome'];
  /** The outcome in a sentence. */
  readonly sentence: string;
  readonly steps: readonly ExplainedStep[];
  readonly statements: readonly ExplainedStatement[];
}

export function explain(question: AccessQuestion): Explanation {
  const { principal, action, resource } = question;
  const decision = decide(question);
  const statements = policiesOf(question).flatMap(([layer, policy]) =>
    policy.policy.statements.map((statement) => explainStatement(question, { layer, policy, statement })),
  );
  return {
    principal: principal.arn === '' ? principal.kind : principal.arn,
    action,
    resource,
    outcome: decision.outcome,
    sentence: decision.outcome === 'allow' ? allowedText(decision) : refusalText(question, decision),
    steps: [
      explicitDeny(statements),
      resourcePolicy(question, statements),
      identityPolicies(question, statements),
      ...limits(question, statements),
      accounts(question),
    ],
    statements,
  };
}

/** A statement as people find it: `statement 2 (ReadOnly) of arn:…`. */
export function nameStatement({
  number,
  sid,
  policy,
}: {
  readonly number: number;
  readonly sid?: string | undefined;
  readonly policy: string;
}): string {
  return `statement ${number}${sid === undefined ? '' : ` (${sid})`} of ${policy}`;
}

function policiesOf({ resourcePolicy: resource, permissions }: AccessQuestion): [PolicyLayer, NamedPolicy][] {
  const { identity, boundary = [], session = [] } = permissions;
  const of = (layer: PolicyLayer, policies: readonly NamedPolicy[]) =>
    policies.map((policy): [PolicyLayer, NamedPolicy] => [layer, policy]);
  return [
    ...of('resource', resource === undefined ? [] : [resource]),
    ...of('identity', identity === 'all' ? [] : identity),
    ...of('boundary', boundary),
    ...of('session', session),
  ];
}

interface Held {
  readonly layer: PolicyLayer;
  readonly policy: NamedPolicy;
  readonly statement: CompiledStatement;
}

function explainStatement(question: AccessQuestion, { layer, policy, statement }: Held): ExplainedStatement {
  const { action, resource, context } = question;
  const conditions = statement.conditions.map((condition): ExplainedCondition => {
    const { operator, key, values } = condition;
    const actual = context(conditionKey(key));
    return {
      operator,
      key,
      expected: values,
      ...(actual !== undefined && { actual }),
      holds: condition.holds(context),
    };
  });
  const match = layer === 'resource' ? principalMatch(statement, question) : undefined;
  const fits = {
    Principal: match !== 'none',
    Action: policy.policy.statementsFor(action).includes(statement),
    Resource: statement.resource(resource, context),
    Condition: conditions.every(({ holds }) => holds),
  };
  const elements = ['Principal', 'Action', 'Resource', 'Condition'] as const;
  return {
    ...{ layer, policy: policy.name, number: statement.index + 1 },
    ...(statement.sid !== undefined && { sid: statement.sid }),
    effect: statement.effect,
    ...(match !== undefined && { match }),
    misses: elements.filter((element) => !fits[element]),
    conditions,
    document: documentOf(statement.source),
  };
}

/** The elements as a policy has them. */
function documentOf({ sid, effect, principal, action, resource, conditions }: PolicyStatement) {
  const either = (name: string, element: { isNot: boolean; values: unknown } | undefined) =>
    element && { [element.isNot ? `Not${name}` : name]: element.values };
  return {
    ...(sid !== undefined && { Sid: sid }),
    Effect: effect,
    ...either('Principal', principal),
    ...either('Action', action),
    ...either('Resource', resource),
    ...(Object.keys(conditions).length > 0 && { Condition: conditions }),
  };
}

type Statements = readonly ExplainedStatement[];

function applying(statements: Statements, effect: Effect, layer?: PolicyLayer): ExplainedStatement | undefined {
  return statements.find((statement) => {
    return (
      statement.effect === effect && statement.misses.length === 0 && (layer ?? statement.layer) === statement.layer
    );
  });
}

function explicitDeny(statements: Statements): ExplainedStep {
  const denial = applying(statements, 'Deny');
  if (denial === undefined) return { step: 'explicit deny', says: 'none' };
  return { step: 'explicit deny', says: 'denies', why: nameStatement(denial) };
}

function resourcePolicy(question: AccessQuestion, statements: Statements): ExplainedStep {
  const step = 'resource policy';
  if (question.resourcePolicy === undefined) return { step, says: 'none' };
  const allowing = statements.filter(({ layer, effect, misses }) => {
    return layer === 'resource' && effect === 'Allow' && misses.length === 0;
  });
  // The one that names the caller most directly counts.
  const [permission] = (['direct', 'role', 'account'] as const).flatMap((kind) =>
    allowing.filter(({ match }) => match === kind),
  );
  if (permission === undefined) return { step, says: 'does not allow' };
  if (question.resourcePolicyOnlyDenies) return { step, says: 'may only deny', why: nameStatement(permission) };
  return {
    step,
    says: 'allows',
    why: `${nameStatement(permission)}, which names ${named[permission.match ?? 'none']}`,
  };
}

const named: Readonly<Record<PrincipalMatch, string>> = {
  none: 'nobody',
  account: 'the account, so that the policies of the identity must allow too',
  role: 'the role, which its boundary and session policies limit',
  direct: 'the caller, itself or with everybody',
};

function identityPolicies({ principal, permissions }: AccessQuestion, statements: Statements): ExplainedStep {
  const step = 'identity policies';
  if (principal.accountId === '') return { step, says: 'none', why: 'nobody signed the request' };
  if (permissions.identity === 'all') return { step, says: 'allows', why: 'the root of an account needs none' };
  return limit(step, { policies: permissions.identity, permission: applying(statements, 'Allow', 'identity') });
}

function limits({ permissions: { boundary, session } }: AccessQuestion, statements: Statements): ExplainedStep[] {
  return [
    limit('permissions boundary', { policies: boundary, permission: applying(statements, 'Allow', 'boundary') }),
    limit('session policies', { policies: session, permission: applying(statements, 'Allow', 'session') }),
  ];
}

function limit(
  step: string,
  {
    policies,
    permission,
  }: { policies: readonly NamedPolicy[] | undefined; permission: ExplainedStatement | undefined },
): ExplainedStep {
  if (policies === undefined) return { step, says: 'none' };
  if (permission !== undefined) return { step, says: 'allows', why: nameStatement(permission) };
  return { step, says: 'does not allow', ...(policies.length === 0 && { why: 'there is no policy' }) };
}

function accounts({ principal: { accountId }, resourceAccountId: owner }: AccessQuestion): ExplainedStep {
  const step = 'accounts';
  if (accountId === '') return { step, says: 'no account', why: 'only what is given to everybody is allowed' };
  if (accountId === owner) return { step, says: 'one account', why: `${owner} has both the caller and the resource` };
  return {
    step,
    says: 'two accounts',
    why: `the caller is of ${accountId}, the resource of ${owner}: both must allow`,
  };
}

function allowedText({ layer, by }: Decision): string {
  const statement = by && nameStatement({ ...by, number: by.index + 1 });
  if (layer === 'identity') return `Allowed by ${statement ?? 'being the root of its account'}`;
  return `Allowed by ${statement ?? 'an access control list'}`;
}
