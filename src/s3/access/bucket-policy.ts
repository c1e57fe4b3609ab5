/**
 * Policies of buckets: what S3 takes as one, and what it calls public.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
 */
import { parseOperator } from '../../iam/policy/conditions.ts';
import { conditionKey } from '../../iam/policy/context.ts';
import type { PolicyDocument, PolicyStatement } from '../../iam/policy/document.ts';
import { globMatcher, wildGlob } from '../../iam/policy/glob.ts';
import { hasPrincipalForm } from '../../iam/policy/identity-policy.ts';
import { parseIpRange } from '../../iam/policy/ip-range.ts';
import { bucketPolicyFault } from '../../iam/policy/policy-fault.ts';
import { readDocument } from '../../iam/policy/read-document.ts';
import { type ActionFacts, s3Actions, s3ConditionKeys } from './actions.ts';

/** 20 KB, of the document without the white space around its parts. */
const bytesMax = 20 * 1024;
const resourcePrefix = 'arn:aws:s3:::';
/** Keys of other services that requests to S3 may bring. */
const otherKeyPattern =
  /^(aws|ec2|lambda|saml|sts|glue|identitystore|cognito-identity\.amazonaws\.com|accounts\.google\.com):/;

/** Throws PolicyFault with S3's sentence. */
export function parseBucketPolicy(text: string, { bucket }: { bucket: string }): PolicyDocument {
  const document = readDocument(text, bucketPolicyFault);
  if (Buffer.byteLength(JSON.stringify(JSON.parse(text))) > bytesMax) {
    throw bucketPolicyFault({ kind: 'size', text: String(bytesMax) });
  }
  for (const statement of document.statements) checkStatement(statement, bucket);
  return document;
}

/** A document that was stored, and so was checked. */
export function readStoredPolicy(text: string): PolicyDocument {
  return readDocument(text, bucketPolicyFault);
}

/**
 * Whether some statement allows something to everybody without holding it to fixed values of a key that says where requests
 * come from. https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
 */
export function isPublicPolicy({ statements }: PolicyDocument): boolean {
  return statements.some((statement) => {
    if (statement.effect === 'Deny' || !meansEverybody(statement)) return false;
    const conditions = Object.entries(statement.conditions).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({ operator, key: conditionKey(key), values })),
    );
    return !conditions.some(fixesSource);
  });
}

function checkStatement(statement: PolicyStatement, bucketName: string): void {
  const { effect, principal, action, resource, conditions } = statement;
  if (principal === undefined) throw bucketPolicyFault({ kind: 'no-principal' });
  if (principal.isNot && effect === 'Allow') throw bucketPolicyFault({ kind: 'allow-not-principal' });
  if (!hasPrincipalForm(principal.values)) throw bucketPolicyFault({ kind: 'principal' });
  if (resource === undefined) throw bucketPolicyFault({ kind: 'no-resource' });
  const named = action.values.map(actionsNamed);
  if (named.some((actions) => actions.length === 0)) throw bucketPolicyFault({ kind: 'action' });
  if (!resource.values.every(canBeOf(bucketName))) throw bucketPolicyFault({ kind: 'resource' });
  if (!action.isNot && !resource.isNot && !named.every((actions) => reachesAny(actions, resource.values))) {
    throw bucketPolicyFault({ kind: 'action-without-resource' });
  }
  const asked = action.isNot ? [...s3Actions.values()] : named.flat();
  for (const keys of Object.values(conditions)) for (const key of Object.keys(keys)) checkKey(key, asked);
}

function checkKey(name: string, actions: readonly ActionFacts[]): void {
  const key = conditionKey(name).replace(/\/.*/s, '');
  if (otherKeyPattern.test(key)) return;
  if (!s3ConditionKeys.has(key)) throw bucketPolicyFault({ kind: 'condition-key' });
  if (!actions.some(({ keys }) => keys.has(key))) throw bucketPolicyFault({ kind: 'condition-not-applicable' });
}

/** What is known of the actions that a pattern names. */
function actionsNamed(pattern: string): readonly ActionFacts[] {
  const matches = globMatcher(wildGlob(pattern.toLowerCase()));
  return [...s3Actions].flatMap(([name, facts]) => (matches(name.toLowerCase()) ? [facts] : []));
}

/** Whether a resource can be the bucket or something in it. */
function canBeOf(bucketName: string): (resource: string) => boolean {
  return (resource) => {
    if (!resource.startsWith(resourcePrefix)) return false;
    const [bucket = ''] = resource.slice(resourcePrefix.length).split('/', 1);
    return bucket.includes('${') || globMatcher(wildGlob(bucket))(bucketName);
  };
}

/** Whether one of the resources can be what one of the actions is about: a bucket has no slash, an object has one, and a `*` may be one. */
function reachesAny(actions: readonly ActionFacts[], resources: readonly string[]): boolean {
  const reaches = { bucket: false, object: false, other: false };
  for (const resource of resources) {
    if (!resource.includes('/')) reaches.bucket = true;
    if (/[/*]|\$\{/.test(resource.slice(resourcePrefix.length))) reaches.object = true;
  }
  return actions.some(({ on }) => reaches[on]);
}

function meansEverybody({ principal }: PolicyStatement): boolean {
  if (principal === undefined || principal.isNot || principal.values === '*') return true;
  return principal.values.AWS?.includes('*') === true;
}

interface SingleCondition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

const fixingOperators = new Set(['stringequals', 'stringequalsignorecase', 'stringlike', 'arnequals', 'arnlike']);
const fixingKeys = new Set([
  'aws:sourcearn',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:sourceowner',
  'aws:sourceaccount',
  'aws:userid',
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  's3:dataaccesspointaccount',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
]);

/** Whether a condition holds requests to values without wildcards and variables. One that a request without the key passes holds none. */
function fixesSource({ operator, key, values }: SingleCondition): boolean {
  const name = parseOperator(operator);
  if (name === undefined || name.ifExists || name.quantifier === 'all') return false;
  if (key === 'aws:sourceip') return name.base === 'ipaddress' && values.every(isNarrow);
  if (!fixingOperators.has(name.base)) return false;
  const isFixed = (value: string): boolean => !/[*?]|\$\{/.test(value);
  // Of access points the name may vary, as long as the account does not.
  if (key === 's3:dataaccesspointarn') return values.every((value) => isFixed(value.split(':').slice(0, 5).join(':')));
  return fixingKeys.has(key) && values.every(isFixed);
}

/** Not broader than S3 takes for a place: /8 of IPv4, /32 of IPv6. */
function isNarrow(value: string): boolean {
  const range = parseIpRange(value);
  return range !== undefined && range.prefixLength >= (range.width === 32 ? 8 : 32);
}
