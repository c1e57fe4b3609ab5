/** Sessions of who asks: GetSessionToken and GetFederationToken; and who that is: GetCallerIdentity. */
import { IamError } from '../errors.ts';
import type { Identity, Session } from '../identity.ts';
import { stsArn } from '../names.ts';
import { requirePermission } from '../permission.ts';
import type { AccessQuestion } from '../policy/decide.ts';
import { permissionsOf } from '../policy/permissions.ts';
import { requestContext, requestTagKeys } from '../request-context.ts';
import { type StsCall, stsAction } from './action.ts';
import { checkSessionName, durationOf, issueCredentials, policiesOfRequest, tagsOfRequest } from './sessions.ts';

const hour = 3600;
const limits = {
  root: { usual: hour, from: 900, to: hour },
  user: { usual: 12 * hour, from: 900, to: 36 * hour },
} as const;

/** The kind of a caller with keys that last. */
function lastingKind({ kind, session }: Identity, action: string): 'root' | 'user' {
  if (session === undefined && (kind === 'root' || kind === 'user')) return kind;
  throw new IamError('AccessDenied', `Cannot call ${action} with session credentials`);
}

function principalOf({ iam, identity }: StsCall): { principal?: { name: string; id: string } } {
  const user =
    identity.name === undefined ? undefined : iam.directory.view(identity.accountId)?.users.get(identity.name);
  return user === undefined ? {} : { principal: { name: user.name, id: user.id } };
}

export const getCallerIdentity = stsAction({
  name: 'GetCallerIdentity',
  supports: [],
  run: ({ identity: { userId, accountId, arn } }) => ({ UserId: userId, Account: accountId, Arn: arn }),
});

export const getSessionToken = stsAction({
  name: 'GetSessionToken',
  supports: ['DurationSeconds'],
  run(call, { DurationSeconds }) {
    const { iam, identity, source } = call;
    const kind = lastingKind(identity, 'GetSessionToken');
    const seconds = durationOf(DurationSeconds, limits[kind]);
    const session = { issuedMs: source.nowMs, expiresMs: source.nowMs + seconds * 1000, tags: [] };
    const who = { accountId: identity.accountId, kind, ...principalOf(call), session };
    return { Credentials: issueCredentials(iam, who).Credentials };
  },
});

export const getFederationToken = stsAction({
  name: 'GetFederationToken',
  supports: ['Name', 'Policy', 'PolicyArns', 'DurationSeconds', 'Tags'],
  run(call, input) {
    const { iam, identity, source } = call;
    const { accountId } = identity;
    const kind = lastingKind(identity, 'GetFederationToken');
    const sessionName = checkSessionName(input.Name, { member: 'name', to: 32 });
    const seconds = durationOf(input.DurationSeconds, limits[kind]);
    const tags = tagsOfRequest(input);
    const arn = stsArn(accountId, `federated-user/${sessionName}`);
    if (kind === 'user') requireAllowed(call, arn, tags);
    const session: Session = {
      ...policiesOfRequest(iam, accountId, input),
      issuedMs: source.nowMs,
      expiresMs: source.nowMs + seconds * 1000,
      tags,
    };
    const who = { accountId, kind: 'federated' as const, ...principalOf(call), sessionName, session };
    const { Credentials, packedSize } = issueCredentials(iam, who);
    return {
      Credentials,
      FederatedUser: { FederatedUserId: `${accountId}:${sessionName}`, Arn: arn },
      PackedPolicySize: packedSize,
    };
  },
});

function requireAllowed({ iam, identity, source, requestId }: StsCall, resource: string, tags: Session['tags']): void {
  for (const action of ['sts:GetFederationToken', ...(tags.length > 0 ? ['sts:TagSession'] : [])]) {
    const question: AccessQuestion = {
      principal: identity,
      permissions: permissionsOf(iam.callers.policiesOf(identity)),
      action,
      resource,
      resourceAccountId: identity.accountId,
      context: requestContext(identity, source, requestTagKeys(tags)),
    };
    requirePermission({ iam, requestId }, question);
  }
}
