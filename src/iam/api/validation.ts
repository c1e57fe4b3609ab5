/** What IAM takes for a name, a path, tags and a document, with AWS's sentences for what it does not. */
import { IamError } from '../errors.ts';
import { invalid } from '../model/decode.ts';
import { policySize } from '../policy/document.ts';
import { parseIdentityPolicy, parseTrustPolicy } from '../policy/identity-policy.ts';
import { PolicyFault } from '../policy/policy-fault.ts';
import type { Tag } from '../records.ts';

const namePattern = /^[\w+=,.@-]+$/;
const pathPattern = /^\/(?:[\x21-\x7e]+\/)?$/;
const pathLengthMax = 512;
const tagsMax = 50;

interface NameRule {
  /** As the API calls the parameter. */
  readonly member: string;
  readonly lengthMax: number;
}

export const nameRules = {
  user: { member: 'userName', lengthMax: 64 },
  group: { member: 'groupName', lengthMax: 128 },
  role: { member: 'roleName', lengthMax: 64 },
  policy: { member: 'policyName', lengthMax: 128 },
  instanceProfile: { member: 'instanceProfileName', lengthMax: 128 },
} as const satisfies Record<string, NameRule>;

export function checkName(name: string, { member, lengthMax }: NameRule): string {
  checkLength(name, { member, from: 1, to: lengthMax });
  if (namePattern.test(name)) return name;
  throw new IamError(
    'ValidationError',
    `The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}

export function checkPath(path = '/'): string {
  checkLength(path, { member: 'path', from: 1, to: pathLengthMax });
  if (pathPattern.test(path)) return path;
  throw new IamError(
    'ValidationError',
    'The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.',
  );
}

export function checkLength(text: string, { member, from, to }: { member: string; from: number; to: number }): void {
  if (text.length < from) {
    throw invalid({ member, value: text }, `Member must have length greater than or equal to ${from}`);
  }
  if (text.length > to) throw invalid({ member, value: text }, `Member must have length less than or equal to ${to}`);
}

export function checkRange(value: number, { member, from, to }: { member: string; from: number; to: number }): number {
  if (value < from) {
    throw invalid({ member, value }, `Member must have value greater than or equal to ${from}`);
  }
  if (value > to) throw invalid({ member, value }, `Member must have value less than or equal to ${to}`);
  return value;
}

interface Choice<T> {
  readonly member: string;
  readonly choices: readonly T[];
}

export function checkChoice<T extends string>(value: string, { member, choices }: Choice<T>): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw invalid({ member, value }, `Member must satisfy enum value set: [${choices.join(', ')}]`);
}

interface SentTag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const tagPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Throws for tags that AWS refuses, also two of one key in any case of letters. */
export function checkTags(sent: readonly SentTag[] = []): readonly Tag[] {
  const tags = sent.map(({ Key = '', Value = '' }) => ({ key: Key, value: Value }));
  const seen = new Set<string>();
  for (const [index, { key, value }] of tags.entries()) {
    checkLength(key, { member: `tags.${index + 1}.member.key`, from: 1, to: 128 });
    checkLength(value, { member: `tags.${index + 1}.member.value`, from: 0, to: 256 });
    if (!tagPattern.test(key) || !tagPattern.test(value)) {
      const constraint = 'Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+';
      throw invalid({ member: `tags.${index + 1}.member.key`, value: key }, constraint);
    }
    if (/^aws:/i.test(key)) {
      throw new IamError('InvalidInput', 'Tag keys may not begin with "aws:", which is reserved for AWS use.');
    }
    if (seen.has(key.toLowerCase())) {
      throw new IamError('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.');
    }
    seen.add(key.toLowerCase());
  }
  return tags;
}

/** What is tagged already, with tags over it. */
export function addTags(own: readonly Tag[], sent: readonly SentTag[]): readonly Tag[] {
  const added = checkTags(sent);
  const merged = [
    ...withoutTags(
      own,
      added.map(({ key }) => key),
    ),
    ...added,
  ];
  if (merged.length <= tagsMax) return merged;
  throw new IamError('LimitExceeded', `The number of tags has reached the maximum limit: ${tagsMax}.`);
}

export function withoutTags(own: readonly Tag[], keys: readonly string[]): readonly Tag[] {
  const removed = new Set(keys.map((key) => key.toLowerCase()));
  return own.filter(({ key }) => !removed.has(key.toLowerCase()));
}

const documentPattern = /^[\t\n\r\x20-\xff]+$/;

/** A policy of an identity as the client sent it. Throws MalformedPolicyDocument; sizes are the caller's. */
export function checkDocument(text: string): string {
  checkDocumentText(text, { member: 'policyDocument' });
  refusing(() => parseIdentityPolicy(text));
  return text;
}

export function checkTrust(text: string): string {
  checkDocumentText(text, { member: 'assumeRolePolicyDocument' });
  refusing(() => parseTrustPolicy(text));
  if (policySize(text) <= 2048) return text;
  throw new IamError('LimitExceeded', 'Cannot exceed quota for ACLSizePerRole: 2048');
}

function checkDocumentText(text: string, { member }: { member: string }): void {
  checkLength(text, { member, from: 1, to: 131_072 });
  if (documentPattern.test(text)) return;
  throw new IamError(
    'ValidationError',
    `The specified value for ${member} is invalid. It must contain only printable ASCII characters.`,
  );
}

function refusing(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (error instanceof PolicyFault) throw new IamError('MalformedPolicyDocument', error.message, { cause: error });
    throw error;
  }
}
