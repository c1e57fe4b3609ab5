/**
 * What a request brings to the conditions of policies, whatever it asks for: the global keys that say who asks, from where
 * and when. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
import type { Identity } from './identity.ts';
import { rootArn } from './names.ts';
import type { ContextValue, RequestContext } from './policy/context.ts';
import type { Tag } from './records.ts';

export interface RequestSource {
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  readonly isSecure: boolean;
  readonly nowMs: number;
}

/** Values of further keys, in lower case. */
export type FurtherKeys = Readonly<Record<string, ContextValue | undefined>>;

export function requestContext(identity: Identity, source: RequestSource, further: FurtherKeys = {}): RequestContext {
  return (key) => {
    const own = further[key];
    if (own !== undefined) return own;
    const slash = key.indexOf('/');
    if (slash !== -1) return taggedValue({ key: key.slice(0, slash), name: key.slice(slash + 1) }, identity, further);
    return globalValue(key, identity, source);
  };
}

function taggedValue(
  { key, name }: { key: string; name: string },
  identity: Identity,
  further: FurtherKeys,
): ContextValue | undefined {
  if (key !== 'aws:principaltag') return further[`${key}/${name.toLowerCase()}`];
  return identity.tags.find((tag) => tag.key.toLowerCase() === name.toLowerCase())?.value;
}

const principalTypes = {
  root: 'Account',
  user: 'User',
  role: 'AssumedRole',
  federated: 'FederatedUser',
  anonymous: 'Anonymous',
} as const;

function globalValue(key: string, identity: Identity, source: RequestSource): ContextValue | undefined {
  const { kind, session } = identity;
  const isAnonymous = kind === 'anonymous';
  switch (key) {
    case 'aws:currenttime':
      return new Date(source.nowMs).toISOString();
    case 'aws:epochtime':
      return String(Math.floor(source.nowMs / 1000));
    case 'aws:securetransport':
      return String(source.isSecure);
    case 'aws:sourceip':
      return source.ip;
    case 'aws:useragent':
      return source.userAgent;
    case 'aws:principaltype':
      return principalTypes[kind];
    case 'aws:principalarn':
      return isAnonymous ? undefined : principalArn(identity);
    case 'aws:principalaccount':
      return isAnonymous ? undefined : identity.accountId;
    case 'aws:userid':
      return isAnonymous ? undefined : identity.userId;
    case 'aws:username':
      return kind === 'user' ? identity.name : undefined;
    case 'aws:tokenissuetime':
      return session && new Date(session.issuedMs).toISOString();
    case 'aws:sourceidentity':
      return session?.sourceIdentity;
    case 'aws:viaawsservice':
    case 'aws:principalisawsservice':
      return 'false';
    default:
      return undefined;
  }
}

/** Of a role's session the role's own, as AWS compares it. */
function principalArn(identity: Identity): string {
  return identity.roleArn ?? (identity.kind === 'root' ? rootArn(identity.accountId) : identity.arn);
}

/** Keys for tags that a request brings: each by its name, and their names together. */
export function requestTagKeys(tags: readonly Tag[]): FurtherKeys {
  if (tags.length === 0) return {};
  return {
    'aws:tagkeys': tags.map(({ key }) => key),
    ...tagKeys('aws:requesttag', tags),
  };
}

export function tagKeys(prefix: string, tags: readonly Tag[]): FurtherKeys {
  return Object.fromEntries(tags.map(({ key, value }) => [`${prefix}/${key.toLowerCase()}`, value]));
}
