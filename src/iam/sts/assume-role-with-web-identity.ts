/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
import { providerArn } from '../api/oidc-providers.ts';
import { checkTags } from '../api/validation.ts';
import { IamError } from '../errors.ts';
import type { Session } from '../identity.ts';
import { type ContextValue, conditionKey } from '../policy/context.ts';
import { noPermissions } from '../policy/decide.ts';
import type { Principal } from '../policy/principal.ts';
import type { OidcProviderRecord } from '../records.ts';
import { requestContext, requestTagKeys } from '../request-context.ts';
import { type StsCall, stsAction } from './action.ts';
import { sessionOfRole } from './assume-role.ts';
import { checkSessionName, durationOf, policiesOfRequest } from './sessions.ts';
import { type FoundRole, findRole, requireTrust } from './trust.ts';
import { isSignedBy, parseWebToken, type WebToken } from './web-token.ts';

const action = 'sts:AssumeRoleWithWebIdentity';
const quarter = 900;
const hour = 3600;
/** Clocks of issuers may be a little ahead of ours. */
const skewSeconds = 60;
const tagsClaim = 'https://aws.amazon.com/tags';

export const assumeRoleWithWebIdentity = stsAction({
  name: 'AssumeRoleWithWebIdentity',
  supports: ['RoleArn', 'RoleSessionName', 'WebIdentityToken', 'PolicyArns', 'Policy', 'DurationSeconds'],
  isOpen: true,
  async run(call, input) {
    const { iam, source } = call;
    const sessionName = checkSessionName(input.RoleSessionName, { member: 'roleSessionName', to: 64 });
    const seconds = durationOf(input.DurationSeconds, { usual: hour, from: quarter, to: 12 * hour });
    const token = parseWebToken(input.WebIdentityToken);
    const found = findRole(iam, input.RoleArn);
    if (found === undefined) throw new IamError('AccessDenied', `Not authorized to perform ${action}`);
    const provider = findProvider(call, found, token);
    await verifyToken(call, provider, token);
    const { tags, transitiveTagKeys } = tagsOf(token);
    const { audience, values } = claimKeys(provider, token);
    requireTrust(call, {
      principal: bearerOf(found, provider),
      permissions: noPermissions,
      roleArn: input.RoleArn,
      found,
      actions: tags.length > 0 ? [action, 'sts:TagSession'] : [action],
      context: requestContext(call.identity, source, {
        ...values,
        ...requestTagKeys(tags),
        'sts:rolesessionname': sessionName,
      }),
    });
    if (seconds > found.role.maxSessionSeconds) {
      throw new IamError(
        'ValidationError',
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      );
    }
    const session: Session = {
      ...policiesOfRequest(iam, found.accountId, input),
      issuedMs: source.nowMs,
      expiresMs: source.nowMs + seconds * 1000,
      tags,
      transitiveTagKeys,
    };
    return {
      ...sessionOfRole(call, found, { sessionName, session }),
      SubjectFromWebIdentityToken: String(token.claims['sub']),
      Audience: audience,
      Provider: providerArn(found.accountId, provider),
    };
  },
});

/** Whoever bears the token has no account, and is known by its issuer. */
function bearerOf({ accountId }: FoundRole, provider: OidcProviderRecord): Principal {
  const names = [providerArn(accountId, provider), provider.url];
  return { kind: 'web-identity', accountId: '', canonicalId: '', arn: '', names };
}

function findProvider({ iam }: StsCall, { accountId }: FoundRole, { claims }: WebToken): OidcProviderRecord {
  const issuer = claims['iss'];
  const url = typeof issuer === 'string' ? issuer.replace(/^https?:\/\//, '').replace(/\/$/, '') : '';
  const provider = iam.directory.view(accountId)?.oidcProviders.get(url);
  if (provider?.url === url) return provider;
  throw new IamError('InvalidIdentityToken', `No OpenIDConnect provider found in your account for ${String(issuer)}`);
}

/** Whether the issuer has signed the token, for one of the provider's clients and for now. */
async function verifyToken({ iam, source }: StsCall, provider: OidcProviderRecord, token: WebToken): Promise<void> {
  const { iss, exp, nbf, sub } = token.claims;
  const key = await iam.oidcKeys.find(String(iss), token.keyId);
  if (key === undefined || !isSignedBy(token, key)) {
    throw new IamError(
      'InvalidIdentityToken',
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  }
  const nowSeconds = source.nowMs / 1000;
  if (typeof exp !== 'number') throw new IamError('InvalidIdentityToken', 'Missing a required claim: exp');
  if (typeof sub !== 'string') throw new IamError('InvalidIdentityToken', 'Missing a required claim: sub');
  if (exp <= nowSeconds)
    throw new IamError(
      'ExpiredTokenException',
      'Token expired: current date/time must be before the expiration date/time',
    );
  if (typeof nbf === 'number' && nbf > nowSeconds + skewSeconds) {
    throw new IamError('InvalidIdentityToken', 'The token is not valid yet');
  }
  if (audiencesOf(token).some((audience) => provider.clientIds.includes(audience))) return;
  throw new IamError('InvalidIdentityToken', 'Incorrect token audience');
}

function textsOf(value: unknown): readonly string[] {
  return [value].flat().filter((item) => typeof item === 'string');
}

/** With an authorised party, that is the audience that counts. */
function audiencesOf({ claims }: WebToken): readonly string[] {
  return typeof claims['azp'] === 'string' ? [claims['azp']] : textsOf(claims['aud']);
}

/** The token's claims as condition keys, `issuer:claim`. */
function claimKeys({ url }: OidcProviderRecord, token: WebToken) {
  const audiences = audiencesOf(token);
  const [audience = ''] = audiences;
  const values: Record<string, ContextValue> = {};
  const set = (name: string, found: readonly string[]): void => {
    const [first] = found;
    if (first !== undefined) values[conditionKey(`${url}:${name}`)] = found.length === 1 ? first : found;
  };
  for (const name of ['sub', 'amr', 'email'] as const) set(name, textsOf(token.claims[name]));
  set('aud', audiences);
  set('oaud', typeof token.claims['azp'] === 'string' ? textsOf(token.claims['aud']) : []);
  return { audience, values };
}

/** Tags for the session that the token itself carries. */
function tagsOf({ claims }: WebToken): Required<Pick<Session, 'tags' | 'transitiveTagKeys'>> {
  const given: unknown = claims[tagsClaim];
  if (typeof given !== 'object' || given === null) return { tags: [], transitiveTagKeys: [] };
  const principalTags: unknown = Reflect.get(given, 'principal_tags') ?? {};
  const tags = Object.entries(Object(principalTags)).map(([Key, value]) => ({ Key, Value: textsOf(value)[0] ?? '' }));
  return { tags: checkTags(tags), transitiveTagKeys: textsOf(Reflect.get(given, 'transitive_tag_keys')) };
}
