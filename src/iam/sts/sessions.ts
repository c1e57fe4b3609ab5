/** What all ways to a session share: what is asked for is checked, and the credentials are made. */
import { addTags, checkDocument, checkLength, checkRange } from '../api/validation.ts';
import { IamError } from '../errors.ts';
import type { Iam } from '../iam.ts';
import type { Session } from '../identity.ts';
import { invalid } from '../model/decode.ts';
import { newAccessKey } from '../names.ts';
import { findPolicy } from '../policy-lookup.ts';
import { packedSharePercent, type SessionClaims, writeToken } from '../session-tokens.ts';

const policyCharactersMax = 2048;
const policyArnsMax = 10;

export interface SessionRequest {
  readonly Policy?: string | undefined;
  readonly PolicyArns?: readonly { readonly arn?: string | undefined }[] | undefined;
  readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
}

/** The policies that a request gives its session, which are of the account that the session is in. */
export function policiesOfRequest(
  iam: Iam,
  accountId: string,
  { Policy, PolicyArns }: SessionRequest,
): Pick<Session, 'policies' | 'policyArns'> {
  const view = iam.directory.view(accountId);
  const policyArns = PolicyArns?.flatMap(({ arn }) => arn ?? []);
  if (policyArns !== undefined && policyArns.length > policyArnsMax) {
    throw invalid(
      { member: 'policyArns', value: policyArns.length },
      `Member must have length less than or equal to ${policyArnsMax}`,
    );
  }
  for (const arn of policyArns ?? []) {
    if (view === undefined || findPolicy(view, arn) === undefined) {
      throw new IamError('ValidationError', `The policy ${arn} does not exist or is not attachable.`);
    }
  }
  if (Policy !== undefined) {
    checkLength(Policy, { member: 'policy', from: 1, to: policyCharactersMax });
    checkDocument(Policy);
  }
  return {
    ...(Policy !== undefined && { policies: [Policy] }),
    ...(policyArns !== undefined && policyArns.length > 0 && { policyArns }),
  };
}

export function tagsOfRequest({ Tags = [] }: SessionRequest): Session['tags'] {
  return addTags([], Tags);
}

/** The duration asked for, in seconds, or the usual one. */
export function durationOf(
  seconds: number | undefined,
  { usual, from, to }: { usual: number; from: number; to: number },
): number {
  return checkRange(seconds ?? usual, { member: 'durationSeconds', from, to });
}

const namePattern = /^[\w+=,.@-]*$/;

export function checkSessionName(name: string, { member, to }: { member: string; to: number }): string {
  checkLength(name, { member, from: 2, to });
  if (namePattern.test(name)) return name;
  throw invalid({ member, value: name }, 'Member must satisfy regular expression pattern: [\\w+=,.@-]*');
}

/** Credentials that last as long as the session says. Throws PackedPolicyTooLarge if they would not fit into a header. */
export function issueCredentials(iam: Iam, who: Omit<SessionClaims, 'accessKeyId' | 'secretAccessKey'>) {
  const packedSize = packedSharePercent(who.session);
  if (packedSize > 100) {
    throw new IamError(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${packedSize}% of allotted space, please use smaller policy.`,
    );
  }
  const { accessKeyId, secretAccessKey } = newAccessKey('ASIA');
  return {
    Credentials: {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: writeToken(iam.tokens, { accessKeyId, secretAccessKey, ...who }),
      Expiration: new Date(who.session.expiresMs),
    },
    packedSize,
  };
}
