/**
 * The decision: whether a principal may do an action to a resource, by all policies that have a say, in AWS's order. Pure;
 * ACLs and public access blocks, which are not policies, come in as answers (`isGrantedByAcl`) from who knows them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
import { actionsKeptMax, appliesTo, type CompiledPolicy, type CompiledStatement } from './compile.ts';
import type { RequestContext } from './context.ts';
import type { Principal } from './principal.ts';
import type { PrincipalMatch } from './principals.ts';

export interface NamedPolicy {
  /** ARN of a managed policy, name of an inline one; for people to find it by. */
  readonly name: string;
  readonly policy: CompiledPolicy;
}

/** What the account gives a principal and what limits that; nothing of it counts for the kinds without an account. */
export interface Permissions {
  /** Its own policies, its groups', its role's. `all` for the root of an account, which needs none. */
  readonly identity: readonly NamedPolicy[] | 'all';
  /** Limits what the policies of the identity give; absent without a boundary, empty if the policy that it names is gone. */
  readonly boundary?: readonly NamedPolicy[];
  /** Limit the session; absent where it has none. An empty list lets a session do nothing. */
  readonly session?: readonly NamedPolicy[];
}

export const noPermissions: Permissions = { identity: [] };

export interface AccessQuestion {
  readonly principal: Principal;
  readonly permissions: Permissions;
  /** As policies spell it, with its service: `s3:GetObject`. */
  readonly action: string;
  /** ARN, or `*` for actions without a resource. */
  readonly resource: string;
  /** Account that the resource belongs to. */
  readonly resourceAccountId: string;
  readonly resourcePolicy?: NamedPolicy | undefined;
  /** What that policy allows does not count: the resource is not its author's, or the public is kept out of it. */
  readonly resourcePolicyOnlyDenies?: boolean;
  /** A trust policy must allow, whatever the identity's own policies say. */
  readonly needsResourcePolicy?: boolean;
  /** An access control list grants it, to the principal's account or to everybody. */
  readonly isGrantedByAcl?: boolean;
  readonly context: RequestContext;
}

export type PolicyLayer = 'identity' | 'resource' | 'boundary' | 'session';

export interface Decision {
  readonly outcome: 'allow' | 'implicit-deny' | 'explicit-deny';
  /** The kind of policy that decided: that denies, that does not allow, or whose permission it was. */
  readonly layer: PolicyLayer;
  /** The statement that allows or denies; absent where none does. */
  readonly by?: DecidingStatement;
}

export interface DecidingStatement {
  readonly policy: string;
  readonly index: number;
  readonly sid: string | undefined;
}

/** What one layer says. */
interface Verdict {
  readonly denial?: DecidingStatement;
  readonly permission?: DecidingStatement;
}

interface ResourceVerdict extends Verdict {
  readonly match: PrincipalMatch;
}

const silent: Verdict = {};
const unnamed: ResourceVerdict = { match: 'none' };

export function decide(question: AccessQuestion): Decision {
  const { permissions } = question;
  const resource = askResourcePolicy(question);
  if (resource.denial) return denied('resource', resource.denial);
  const identity = permissions.identity === 'all' ? silent : askAll(permissions.identity, question);
  if (identity.denial) return denied('identity', identity.denial);
  const boundary = permissions.boundary && askAll(permissions.boundary, question);
  if (boundary?.denial) return denied('boundary', boundary.denial);
  const session = permissions.session && askAll(permissions.session, question);
  if (session?.denial) return denied('session', session.denial);
  return decideAllowed(question, { resource, identity, boundary, session });
}

interface Verdicts {
  readonly resource: ResourceVerdict;
  readonly identity: Verdict;
  readonly boundary: Verdict | undefined;
  readonly session: Verdict | undefined;
}

/** Nothing denies: whether enough of the policies allow. */
function decideAllowed(question: AccessQuestion, verdicts: Verdicts): Decision {
  const { principal, isGrantedByAcl = false } = question;
  const { resource, identity } = verdicts;
  const isGranted = resource.match !== 'none' || isGrantedByAcl;
  if (principal.accountId === '') return isGranted ? allowed('resource', resource) : missing('resource');
  const isOwn = principal.accountId === question.resourceAccountId;
  if (!isGranted && (!isOwn || question.needsResourcePolicy)) return missing('resource');
  // Within the account, a resource's policy that names the principal itself is enough, whatever limits its own policies.
  if (isOwn && resource.match === 'direct') return allowed('resource', resource);
  const isGivenByResource = isOwn && resource.match === 'role';
  const isGivenByIdentity = question.permissions.identity === 'all' || identity.permission !== undefined;
  if (!isGivenByResource && !isGivenByIdentity) return missing('identity');
  if (verdicts.boundary && !verdicts.boundary.permission) return missing('boundary');
  if (verdicts.session && !verdicts.session.permission) return missing('session');
  return isGivenByIdentity ? allowed('identity', identity) : allowed('resource', resource);
}

function denied(layer: PolicyLayer, by: DecidingStatement): Decision {
  return { outcome: 'explicit-deny', layer, by };
}

function missing(layer: PolicyLayer): Decision {
  return { outcome: 'implicit-deny', layer };
}

function allowed(layer: PolicyLayer, { permission }: Verdict): Decision {
  return { outcome: 'allow', layer, ...(permission && { by: permission }) };
}

function askAll(policies: readonly NamedPolicy[], { action, resource, context }: AccessQuestion): Verdict {
  for (const { name, statement } of statementsOf(policies, action)) {
    if (!appliesTo(statement, resource, context)) continue;
    const by = statementOf(name, statement);
    return statement.effect === 'Deny' ? { denial: by } : { permission: by };
  }
  return silent;
}

interface NamedStatement {
  readonly name: string;
  readonly statement: CompiledStatement;
}

const byPolicies = new WeakMap<readonly NamedPolicy[], Map<string, readonly NamedStatement[]>>();

/** What several policies say of an action: what denies first, so that the first statement that applies decides. */
function statementsOf(policies: readonly NamedPolicy[], action: string): readonly NamedStatement[] {
  const byAction = byPolicies.get(policies) ?? new Map<string, readonly NamedStatement[]>();
  if (byAction.size === 0) byPolicies.set(policies, byAction);
  const known = byAction.get(action);
  if (known !== undefined) return known;
  const about = policies.flatMap(({ name, policy }) =>
    policy.statementsFor(action).map((statement) => ({ name, statement })),
  );
  const denying = about.filter(({ statement }) => statement.effect === 'Deny');
  const found = [...denying, ...about.filter(({ statement }) => statement.effect === 'Allow')];
  if (byAction.size < actionsKeptMax) byAction.set(action, found);
  return found;
}

const directness: Readonly<Record<PrincipalMatch, number>> = { none: 0, account: 1, role: 2, direct: 3 };

/** Of several statements that allow, the one that names the principal most directly counts. */
function askResourcePolicy(question: AccessQuestion): ResourceVerdict {
  const { resourcePolicy, action, resource, context } = question;
  if (resourcePolicy === undefined) return unnamed;
  const { name, policy } = resourcePolicy;
  let best = unnamed;
  for (const statement of policy.statementsFor(action)) {
    const isDenial = statement.effect === 'Deny';
    if (!isDenial && question.resourcePolicyOnlyDenies) continue;
    const match = principalMatch(statement, question);
    if (match === 'none' || (!isDenial && directness[match] <= directness[best.match])) continue;
    if (!appliesTo(statement, resource, context)) continue;
    if (isDenial) return { match: 'none', denial: statementOf(name, statement) };
    best = { match, permission: statementOf(name, statement) };
  }
  return best;
}

/** How a statement of a resource's policy names who asks. */
export function principalMatch(
  { principal: matcher }: CompiledStatement,
  { principal, permissions }: Pick<AccessQuestion, 'principal' | 'permissions'>,
): PrincipalMatch {
  return matcher?.(principal, permissions.boundary !== undefined) ?? 'none';
}

function statementOf(policy: string, { index, sid }: CompiledStatement): DecidingStatement {
  return { policy, index, sid };
}
