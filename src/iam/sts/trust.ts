/** Whether a role may be assumed: its trust policy, and for callers of an account their own policies too. */
import { IamError } from '../errors.ts';
import type { Iam } from '../iam.ts';
import { entityArn, parseIamArn } from '../names.ts';
import { noteRefusal } from '../permission.ts';
import { compilePolicy } from '../policy/compile.ts';
import type { RequestContext } from '../policy/context.ts';
import { type AccessQuestion, decide, type NamedPolicy, type Permissions } from '../policy/decide.ts';
import { parseTrustPolicy } from '../policy/identity-policy.ts';
import type { Principal } from '../policy/principal.ts';
import { refusalText } from '../policy/refusal-text.ts';
import type { RoleRecord } from '../records.ts';
import type { StsCall } from './action.ts';

export interface FoundRole {
  readonly accountId: string;
  readonly role: RoleRecord;
  readonly arn: string;
}

/** The role that an ARN names, path and all. */
export function findRole(iam: Iam, arn: string): FoundRole | undefined {
  const { accountId = '', resource = '' } = parseIamArn(arn) ?? {};
  const name = /^role\/(?:.*\/)?([^/]+)$/s.exec(resource)?.[1];
  const role = name === undefined ? undefined : iam.directory.view(accountId)?.roles.get(name);
  return role && entityArn(accountId, 'role', role) === arn ? { accountId, role, arn } : undefined;
}

export interface Assuming {
  readonly principal: Principal;
  readonly permissions: Permissions;
  readonly roleArn: string;
  readonly found: FoundRole | undefined;
  /** Of STS, all of which must be allowed. */
  readonly actions: readonly string[];
  readonly context: RequestContext;
}

/** The role, if all actions are allowed. Throws AccessDenied, which does not tell whether there is such a role. */
export function requireTrust(asking: Pick<StsCall, 'iam' | 'requestId'>, assuming: Assuming): FoundRole {
  const { principal, permissions, roleArn, found, actions, context } = assuming;
  for (const action of actions) {
    const question: AccessQuestion = {
      ...{ principal, permissions, action, context },
      resource: roleArn,
      resourceAccountId: found?.accountId ?? '',
      resourcePolicy: found && trustOf(found.role),
      needsResourcePolicy: true,
    };
    const decision = decide(question);
    if (found === undefined || decision.outcome !== 'allow') {
      noteRefusal(asking, question);
      const isNamed = principal.kind !== 'web-identity';
      const message = isNamed ? refusalText(question, decision) : `Not authorized to perform ${action}`;
      throw new IamError('AccessDenied', message);
    }
  }
  if (found === undefined) throw new IamError('AccessDenied', 'Not authorized');
  return found;
}

const compiled = new WeakMap<RoleRecord, NamedPolicy>();

/** Who may assume a role. */
export function trustOf(role: RoleRecord): NamedPolicy {
  const known = compiled.get(role);
  if (known !== undefined) return known;
  const policy = { name: 'trust policy', policy: compilePolicy(parseTrustPolicy(role.trust)) };
  compiled.set(role, policy);
  return policy;
}
