/**
 * The policy simulator: the evaluator that requests meet, asked about policies and requests that are only supposed.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
import { sessionIdentity, userIdentity } from '../callers.ts';
import { IamError } from '../errors.ts';
import type { Identity } from '../identity.ts';
import { invalid } from '../model/decode.ts';
import type { InputOf } from '../model/types.ts';
import { parseIamArn } from '../names.ts';
import { compilePolicy } from '../policy/compile.ts';
import { type ContextValue, conditionKey, contextOf, type RequestContext } from '../policy/context.ts';
import { contextKeysOf } from '../policy/context-keys.ts';
import type { AccessQuestion, Decision, NamedPolicy } from '../policy/decide.ts';
import { type ExplainedStatement, type Explanation, explain } from '../policy/explain.ts';
import { parseIdentityPolicy } from '../policy/identity-policy.ts';
import { iamPolicyFault, PolicyFault } from '../policy/policy-fault.ts';
import type { Principal } from '../policy/principal.ts';
import { readDocument } from '../policy/read-document.ts';
import { statementPositions } from '../policy/statement-positions.ts';
import { requestContext } from '../request-context.ts';
import { type ActionCall, reading } from './action.ts';
import { requireUser } from './entities.ts';
import { pageOf } from './paging.ts';
import { type SimulatedPolicy, simulatedPoliciesOf } from './simulated-policies.ts';
import { checkChoice, checkDocument } from './validation.ts';

type Asked = Omit<InputOf<'SimulateCustomPolicy'>, 'PolicyInputList'>;

interface Simulation {
  readonly principal: Principal;
  readonly identity: readonly SimulatedPolicy[];
  readonly boundary: readonly SimulatedPolicy[] | undefined;
  /** What the request brings by itself. */
  readonly own: RequestContext;
}

export const simulationActions = [
  reading({
    name: 'SimulateCustomPolicy',
    supports: [
      ...['PolicyInputList', 'PermissionsBoundaryPolicyInputList', 'ActionNames', 'ResourceArns'],
      ...['ResourcePolicy', 'ResourceOwner', 'CallerArn', 'ContextEntries', 'MaxItems', 'Marker'],
    ] as const,
    run(call, { PolicyInputList, ...asked }) {
      const caller = callerOf(call, asked);
      const boundary = boundaryOf(asked) ?? undefined;
      return simulate(asked, {
        ...caller,
        identity: givenPolicies(PolicyInputList, 'PolicyInputList'),
        boundary,
      });
    },
  }),

  reading({
    name: 'SimulatePrincipalPolicy',
    supports: [
      ...['PolicySourceArn', 'PolicyInputList', 'PermissionsBoundaryPolicyInputList', 'ActionNames', 'ResourceArns'],
      ...['ResourcePolicy', 'ResourceOwner', 'CallerArn', 'ContextEntries', 'MaxItems', 'Marker'],
    ] as const,
    run(call, { PolicySourceArn, PolicyInputList = [], ...asked }) {
      const held = simulatedPoliciesOf(call.view, PolicySourceArn);
      const caller = callerOf(call, asked, PolicySourceArn);
      const identity = [...held.identity, ...givenPolicies(PolicyInputList, 'PolicyInputList')];
      return simulate(asked, { ...caller, identity, boundary: boundaryOf(asked) ?? held.boundary });
    },
  }),

  reading({
    name: 'GetContextKeysForCustomPolicy',
    supports: ['PolicyInputList'],
    run: (_call, { PolicyInputList }) => keysOf(givenPolicies(PolicyInputList, 'PolicyInputList')),
  }),

  reading({
    name: 'GetContextKeysForPrincipalPolicy',
    supports: ['PolicySourceArn', 'PolicyInputList'],
    run({ view }, { PolicySourceArn, PolicyInputList = [] }) {
      const { identity, boundary = [] } = simulatedPoliciesOf(view, PolicySourceArn);
      return keysOf([...identity, ...boundary, ...givenPolicies(PolicyInputList, 'PolicyInputList')]);
    },
  }),
];

function givenPolicies(texts: readonly string[], list: string): readonly SimulatedPolicy[] {
  return texts.map((text, index) => ({
    id: `${list}.${index + 1}`,
    type: 'none',
    document: checkDocument(text),
  }));
}

function boundaryOf({ PermissionsBoundaryPolicyInputList: texts }: Asked): readonly SimulatedPolicy[] | undefined {
  return texts === undefined || texts.length === 0
    ? undefined
    : givenPolicies(texts, 'PermissionsBoundaryPolicyInputList');
}

function keysOf(policies: readonly SimulatedPolicy[]) {
  const keys = policies.flatMap(({ document }) => contextKeysOf(parseIdentityPolicy(document)));
  return { ContextKeyNames: [...new Set(keys)] };
}

/** Who the requests are from: the user that is named, else whose policies they are; a group is nobody in particular. */
function callerOf(
  call: ActionCall,
  { CallerArn, ResourcePolicy }: Asked,
  source?: string,
): Pick<Simulation, 'principal' | 'own'> {
  const { view, nowMs } = call;
  if (CallerArn !== undefined && !/^arn:aws:iam::\d{12}:user\//.test(CallerArn)) {
    throw new IamError('InvalidInput', `The CallerArn must be the ARN of a user: ${CallerArn}`);
  }
  const arn = CallerArn ?? source;
  const identity = arn === undefined ? undefined : identityOf(call, arn);
  if (identity === undefined && ResourcePolicy !== undefined) {
    throw new IamError('InvalidInput', 'A resource policy takes a caller: CallerArn must be given.');
  }
  const { canonicalId } = view.account;
  const principal: Principal = identity ?? { kind: 'user', accountId: view.account.id, canonicalId, arn: '' };
  const known = identity && requestContext(identity, { ip: undefined, userAgent: undefined, isSecure: false, nowMs });
  return { principal, own: (key) => (bringsItself(key) ? known?.(key) : undefined) };
}

/** Of the keys that requests have without being asked, those that follow from the caller and the time. */
function bringsItself(key: string): boolean {
  return /^aws:(principal|username$|userid$|currenttime$|epochtime$)/.test(key);
}

function identityOf({ view }: ActionCall, arn: string): Identity | undefined {
  const { accountId = '', resource = '' } = parseIamArn(arn) ?? {};
  const [kind, ...path] = resource.split('/');
  const name = path.at(-1) ?? '';
  const strange = { kind: 'user', arn, accountId, canonicalId: '', displayName: '', userId: '', tags: [] } as const;
  // Who is in other accounts is nobody's business here.
  if (kind === 'user') return accountId === view.account.id ? userIdentity(view, requireUser(view, name)) : strange;
  const role = kind === 'role' ? view.roles.get(name) : undefined;
  if (role === undefined) return undefined;
  return sessionIdentity(view, {
    ...{ accessKeyId: '', secretAccessKey: '', accountId, kind: 'role', principal: role },
    ...{ sessionName: 'simulation', session: { issuedMs: 0, expiresMs: 0, tags: [] } },
  });
}

function simulate(asked: Asked, simulation: Simulation) {
  const { principal, identity, boundary, own } = simulation;
  const { ResourceArns = [], ContextEntries = [], ActionNames } = asked;
  const given = contextOf(Object.fromEntries(ContextEntries.map(entryOf)));
  const resourcePolicy = readResourcePolicy(asked.ResourcePolicy);
  const question: Omit<AccessQuestion, 'action' | 'resource'> = {
    principal,
    permissions: { identity: identity.map(compiled), ...(boundary && { boundary: boundary.map(compiled) }) },
    resourceAccountId: accountOf(asked.ResourceOwner) ?? principal.accountId,
    resourcePolicy: resourcePolicy && compiled(resourcePolicy),
    context: (key) => given(key) ?? own(key),
  };
  const policies = [...identity, ...(boundary ?? []), ...(resourcePolicy === undefined ? [] : [resourcePolicy])];
  const resources = ResourceArns.length === 0 ? ['*'] : ResourceArns;
  const pairs = ActionNames.flatMap((action) =>
    resources.map((resource) => ({ action: checkAction(action), resource })),
  );
  const numbered = pairs.map((pair, index) => ({ ...pair, index }));
  const { items, rest } = pageOf(numbered, asked, ({ index }) => String(index).padStart(9, '0'));
  const results = items.map(({ action, resource }) =>
    resultOf(explain({ ...question, action, resource }), { question, policies, hasResources: ResourceArns.length > 0 }),
  );
  return { EvaluationResults: results, ...rest };
}

function checkAction(action: string): string {
  if (/^[a-z0-9-]+:[a-z0-9]+$/i.test(action)) return action;
  throw new IamError(
    'InvalidInput',
    `${action} is no action of a service, such as iam:CreateUser; it takes no wildcards.`,
  );
}

const entryTypes = ['string', 'numeric', 'boolean', 'ip', 'binary', 'date'].flatMap((type) => [type, `${type}List`]);

function entryOf(entry: NonNullable<Asked['ContextEntries']>[number]): [string, ContextValue] {
  const { ContextKeyName: name = '', ContextKeyValues: values = [], ContextKeyType: type = 'string' } = entry;
  if (name === '') throw invalid({ member: 'contextKeyName', value: null }, 'Member must not be null');
  checkChoice<string>(type, { member: 'contextKeyType', choices: entryTypes });
  return [name, type.endsWith('List') ? values : (values[0] ?? '')];
}

function accountOf(owner: string | undefined): string | undefined {
  if (owner === undefined) return undefined;
  const account = /^(?:arn:aws:iam::)?(\d{12})(?::.*)?$/.exec(owner)?.[1];
  if (account !== undefined) return account;
  throw new IamError('InvalidInput', `The ResourceOwner must be the ARN of an account: ${owner}`);
}

function readResourcePolicy(text: string | undefined): SimulatedPolicy | undefined {
  if (text === undefined) return undefined;
  try {
    readDocument(text.trim(), iamPolicyFault);
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    throw new IamError('InvalidInput', `The resource policy: ${error.message}`, { cause: error });
  }
  return { id: 'ResourcePolicy', type: 'resource', document: text };
}

function compiled({ id, document }: SimulatedPolicy): NamedPolicy {
  return { name: id, policy: compilePolicy(readDocument(document.trim(), iamPolicyFault)) };
}

const decisions = {
  allow: 'allowed',
  'explicit-deny': 'explicitDeny',
  'implicit-deny': 'implicitDeny',
} as const satisfies Record<Decision['outcome'], string>;

interface Circumstances {
  readonly question: Pick<AccessQuestion, 'principal' | 'resourceAccountId' | 'permissions' | 'context'>;
  readonly policies: readonly SimulatedPolicy[];
  readonly hasResources: boolean;
}

function resultOf(explanation: Explanation, { question, policies, hasResources }: Circumstances) {
  const { outcome, action, resource, statements } = explanation;
  const EvalDecision = decisions[outcome];
  const effect = outcome === 'explicit-deny' ? 'Deny' : 'Allow';
  const deciding = statements.filter((one) => one.effect === effect && applies(one) && outcome !== 'implicit-deny');
  const shared = {
    MatchedStatements: deciding.map((statement) => statementShape(statement, policies)),
    MissingContextValues: missingKeys(policies, question.context),
    ...(question.permissions.boundary !== undefined && {
      PermissionsBoundaryDecisionDetail: {
        AllowedByPermissionsBoundary: contribution(explanation, 'boundary') === 'allowed',
      },
    }),
    ...(hasResources && { EvalDecisionDetails: detailsOf(explanation, question) }),
  };
  const specific = { EvalResourceName: resource, EvalResourceDecision: EvalDecision, ...shared };
  return {
    ...{ EvalActionName: action, EvalResourceName: resource, EvalDecision, ...shared },
    ...(hasResources && { ResourceSpecificResults: [specific] }),
  };
}

function applies({ misses }: ExplainedStatement): boolean {
  return misses.length === 0;
}

/** Across accounts, what each kind of policy says by itself. */
function detailsOf(
  explanation: Explanation,
  { principal, resourceAccountId }: Circumstances['question'],
): Record<string, (typeof decisions)[Decision['outcome']]> {
  if (principal.accountId === resourceAccountId) return {};
  return {
    'IAM Policy': contribution(explanation, 'identity'),
    'Resource Policy': contribution(explanation, 'resource'),
  };
}

function contribution(
  { statements }: Explanation,
  layer: ExplainedStatement['layer'],
): (typeof decisions)[Decision['outcome']] {
  const effects = statements.filter((one) => one.layer === layer && applies(one)).map(({ effect }) => effect);
  if (effects.includes('Deny')) return 'explicitDeny';
  return effects.includes('Allow') ? 'allowed' : 'implicitDeny';
}

function statementShape({ policy, number }: ExplainedStatement, policies: readonly SimulatedPolicy[]) {
  const source = policies.find(({ id }) => id === policy);
  const span = source && statementPositions(source.document)[number - 1];
  return {
    SourcePolicyId: policy,
    SourcePolicyType: source?.type,
    ...(span !== undefined && {
      StartPosition: { Line: span.start.line, Column: span.start.column },
      EndPosition: { Line: span.end.line, Column: span.end.column },
    }),
  };
}

function missingKeys(policies: readonly SimulatedPolicy[], context: RequestContext): string[] {
  const keys = policies.flatMap(({ document }) => contextKeysOf(readDocument(document.trim(), iamPolicyFault)));
  return [...new Set(keys)].filter((key) => context(conditionKey(key)) === undefined);
}
