/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
import { IamError } from '../errors.ts';
import type { Identity, Session } from '../identity.ts';
import { stsArn } from '../names.ts';
import { permissionsOf } from '../policy/permissions.ts';
import { requestContext, requestTagKeys, tagKeys } from '../request-context.ts';
import { type StsCall, stsAction } from './action.ts';
import { checkSessionName, durationOf, issueCredentials, policiesOfRequest, tagsOfRequest } from './sessions.ts';
import { type FoundRole, findRole, requireTrust } from './trust.ts';

const quarter = 900;
const hour = 3600;

export const assumeRole = stsAction({
  name: 'AssumeRole',
  supports: [
    'RoleArn',
    'RoleSessionName',
    'PolicyArns',
    'Policy',
    'DurationSeconds',
    'Tags',
    'TransitiveTagKeys',
    'ExternalId',
    'SourceIdentity',
  ],
  run(call, input) {
    const { identity, iam, source } = call;
    if (identity.kind === 'root') throw new IamError('AccessDenied', 'Roles may not be assumed by root accounts.');
    const sessionName = checkSessionName(input.RoleSessionName, { member: 'roleSessionName', to: 64 });
    const seconds = durationOf(input.DurationSeconds, { usual: hour, from: quarter, to: 12 * hour });
    const tags = mergeTransitive(identity, tagsOfRequest(input));
    const found = requireTrust(call, {
      principal: identity,
      permissions: permissionsOf(iam.callers.policiesOf(identity)),
      roleArn: input.RoleArn,
      found: findRole(iam, input.RoleArn),
      actions: actionsOf(input),
      context: contextOf(call, { ...input, sessionTags: tags }),
    });
    checkDuration(found, seconds, identity);
    const session: Session = {
      ...policiesOfRequest(iam, found.accountId, input),
      issuedMs: source.nowMs,
      expiresMs: source.nowMs + seconds * 1000,
      tags,
      transitiveTagKeys: [...(identity.session?.transitiveTagKeys ?? []), ...(input.TransitiveTagKeys ?? [])],
      ...sourceIdentityOf(identity, input.SourceIdentity),
    };
    return sessionOfRole(call, found, { sessionName, session });
  },
});

/** Credentials of a role's session, with what both ways to one answer. */
export function sessionOfRole(
  { iam }: Pick<StsCall, 'iam'>,
  { accountId, role }: FoundRole,
  { sessionName, session }: { sessionName: string; session: Session },
) {
  const principal = { name: role.name, id: role.id };
  const issued = issueCredentials(iam, { accountId, kind: 'role', principal, sessionName, session });
  const hasPacked = session.policies !== undefined || session.policyArns !== undefined || session.tags.length > 0;
  return {
    Credentials: issued.Credentials,
    AssumedRoleUser: {
      AssumedRoleId: `${role.id}:${sessionName}`,
      Arn: stsArn(accountId, `assumed-role/${role.name}/${sessionName}`),
    },
    ...(hasPacked && { PackedPolicySize: issued.packedSize }),
    ...(session.sourceIdentity !== undefined && { SourceIdentity: session.sourceIdentity }),
  };
}

interface Asked {
  readonly RoleSessionName: string;
  readonly ExternalId?: string | undefined;
  readonly TransitiveTagKeys?: readonly string[] | undefined;
  readonly SourceIdentity?: string | undefined;
  readonly Tags?: readonly object[] | undefined;
}

/** Tags and a source identity are actions of their own, which the trust policy must allow too. */
function actionsOf({ Tags = [], SourceIdentity }: Pick<Asked, 'Tags' | 'SourceIdentity'>): readonly string[] {
  return [
    'sts:AssumeRole',
    ...(Tags.length > 0 ? ['sts:TagSession'] : []),
    ...(SourceIdentity !== undefined ? ['sts:SetSourceIdentity'] : []),
  ];
}

function contextOf(
  { identity, source, iam }: StsCall,
  input: Asked & { RoleArn: string; sessionTags: Session['tags'] },
) {
  return requestContext(identity, source, {
    'sts:externalid': input.ExternalId,
    'sts:rolesessionname': input.RoleSessionName,
    'sts:sourceidentity': input.SourceIdentity,
    'sts:transitivetagkeys': input.TransitiveTagKeys,
    ...requestTagKeys(input.sessionTags),
    ...tagKeys('aws:resourcetag', findRole(iam, input.RoleArn)?.role.tags ?? []),
    ...tagKeys('iam:resourcetag', findRole(iam, input.RoleArn)?.role.tags ?? []),
  });
}

function checkDuration({ role }: FoundRole, seconds: number, identity: Identity): void {
  if (identity.kind === 'role' && seconds > hour) {
    throw new IamError(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    );
  }
  if (seconds <= role.maxSessionSeconds) return;
  throw new IamError(
    'ValidationError',
    'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  );
}

/** Tags that the caller's session hands on, which no request may set anew. */
function mergeTransitive(identity: Identity, tags: Session['tags']): Session['tags'] {
  const keys = new Set(identity.session?.transitiveTagKeys?.map((key) => key.toLowerCase()));
  const inherited = (identity.session?.tags ?? []).filter(({ key }) => keys.has(key.toLowerCase()));
  const clash = tags.find(({ key }) => keys.has(key.toLowerCase()));
  if (clash === undefined) return [...inherited, ...tags];
  throw new IamError(
    'InvalidParameterValue',
    `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${clash.key}`,
  );
}

/** Once set it stays for every role that follows. */
function sourceIdentityOf({ session }: Identity, asked: string | undefined): Pick<Session, 'sourceIdentity'> {
  const known = session?.sourceIdentity;
  if (known !== undefined && asked !== undefined && asked !== known) {
    throw new IamError('AccessDenied', 'The source identity of a session cannot be changed.');
  }
  const sourceIdentity = known ?? asked;
  if (sourceIdentity === undefined) return {};
  checkSessionName(sourceIdentity, { member: 'sourceIdentity', to: 64 });
  return { sourceIdentity };
}
