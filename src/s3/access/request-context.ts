/**
 * What a request brings to conditions: the values of the keys that its action has, found out when a policy asks for them. A
 * key of S3's own that its action does not have is absent, whatever headers came along.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
import type { Tag } from '../../engine/types.ts';
import type { Identity } from '../../iam/identity.ts';
import type { ContextValue, RequestContext } from '../../iam/policy/context.ts';
import { requestContext as globalContext, type RequestSource } from '../../iam/request-context.ts';
import type { Signed } from '../auth/types.ts';
import { decodeForm } from '../form-encoding.ts';
import { s3Actions } from './actions.ts';

/** How a request came in, for the keys that are about that. */
export interface RequestFacts {
  readonly requestId: string;
  readonly identity: Identity;
  header(name: string): string | undefined;
  query(name: string): string | undefined;
  readonly nowMs: number;
  readonly sourceIp: string | undefined;
  readonly isSecure: boolean;
  /** `TLSv1.3` and the like; undefined for plain HTTP, and where a proxy has ended TLS. */
  readonly tlsVersion: string | undefined;
  /** How the request was signed, and when; undefined for anonymous ones. */
  readonly signature: Pick<Signed, 'mode' | 'version' | 'signedMs'> | undefined;
  readonly region: string;
}

/** What a question is about, beside the request. */
export interface Subject {
  /** As policies spell it. */
  readonly action: string;
  /** Account that owns the bucket. */
  readonly resourceAccountId: string;
  /** Tags that the object has, for the actions that bring them. */
  readonly existingTags?: readonly Tag[] | undefined;
  /** Tags of the bucket, where policies may ask for them. */
  readonly bucketTags?: readonly Tag[] | undefined;
  /** Tags that the request gives, where they are in its body. */
  readonly requestTags?: readonly Tag[] | undefined;
  /** Keys of tags that the request names without values. */
  readonly tagKeys?: readonly string[] | undefined;
  /** The key of KMS that the body names, where the header of a new object would. */
  readonly kmsKeyId?: string | undefined;
  /** What the body says of object lock, where the headers of a new object would. */
  readonly lock?: ObjectLock | undefined;
  readonly versionId?: string | undefined;
  /** Instead of the query's. */
  readonly prefix?: string | undefined;
  /** Of CreateBucket, from its body. */
  readonly locationConstraint?: string | undefined;
}

export interface ObjectLock {
  readonly mode?: string | undefined;
  /** As ISO 8601. */
  readonly retainUntil?: string | undefined;
  readonly legalHold?: string | undefined;
}

type Resolve = (facts: RequestFacts, subject: Subject) => ContextValue | undefined;

const ofHeader =
  (name: string): Resolve =>
  ({ header }) =>
    header(name);
const ofQuery =
  (name: string): Resolve =>
  ({ query }) =>
    query(name);

/** Keys of S3 whose value is the header of the same name. */
const headerKeys = [
  'x-amz-acl',
  'x-amz-content-sha256',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-object-annotation-directive',
  'x-amz-object-if-match',
  'x-amz-object-ownership',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
  'if-match',
  'if-none-match',
];

const kmsKeyHeader = 'x-amz-server-side-encryption-aws-kms-key-id';

const authTypes = { header: 'REST-HEADER', presigned: 'REST-QUERY-STRING', form: 'POST' } as const;

const resolvers: ReadonlyMap<string, Resolve> = new Map<string, Resolve>([
  ...headerKeys.map((name): [string, Resolve] => [`s3:${name}`, ofHeader(name)]),
  [`s3:${kmsKeyHeader}`, ({ header }, { kmsKeyId }) => kmsKeyId ?? header(kmsKeyHeader)],
  ['s3:object-lock-mode', ({ header }, { lock }) => lock?.mode ?? header('x-amz-object-lock-mode')],
  ['s3:object-lock-retain-until-date', retainUntil],
  ['s3:object-lock-legal-hold', ({ header }, { lock }) => lock?.legalHold ?? header('x-amz-object-lock-legal-hold')],
  ['s3:object-lock-remaining-retention-days', remainingDays],
  ['s3:object-lock-event-hold', ofHeader('x-amz-object-lock-event-hold')],
  ['s3:object-lock-event-hold-duration-days', holdDays],
  ['s3:delimiter', ofQuery('delimiter')],
  ['s3:max-keys', ofQuery('max-keys')],
  ['s3:annotation-prefix', ofQuery('annotation-prefix')],
  ['s3:max-annotation-results', ofQuery('max-annotation-results')],
  ['s3:prefix', ({ query }, { prefix }) => prefix ?? query('prefix')],
  ['s3:versionid', (_facts, { versionId }) => versionId],
  ['s3:x-amz-copy-source', copySource],
  [
    's3:objectcreationoperation',
    ({ query }) => String(query('uploads') === undefined && query('partNumber') === undefined),
  ],
  ['s3:locationconstraint', (_facts, { locationConstraint }) => locationConstraint],
  ['s3:requestobjecttagkeys', (facts, subject) => keysOf(requestTags(facts, subject))],
  ['s3:resourceaccount', (_facts, { resourceAccountId }) => resourceAccountId],
  ['s3:tlsversion', ({ tlsVersion }) => tlsVersion?.replace(/^TLSv/, '')],
  ['s3:authtype', ({ signature }) => signature && authTypes[signature.mode]],
  ['s3:signatureversion', ({ signature }) => signature?.version],
  ['s3:signatureage', signatureAge],
  ['aws:referer', ofHeader('referer')],
  ['aws:requestedregion', ({ region }) => region],
  ['aws:resourceaccount', (_facts, { resourceAccountId }) => resourceAccountId],
  ['aws:userid', ({ identity }) => (identity.kind === 'anonymous' ? 'anonymous' : identity.userId)],
  // Nobody has a device for it; keys that live long bring nothing on it at all.
  ['aws:multifactorauthpresent', ({ identity: { session } }) => session && 'false'],
  ['aws:tagkeys', (_facts, { requestTags: tags, tagKeys }) => keysOf(tags) ?? tagKeys],
]);

/** Tags, by what stands before the slash. Keys of objects' tags differ by case, those of principals and requests do not. */
const tagResolvers: ReadonlyMap<string, (facts: RequestFacts, subject: Subject, key: string) => string | undefined> =
  new Map([
    ['s3:existingobjecttag', (_facts, { existingTags }, key) => existingTags?.find((tag) => tag.key === key)?.value],
    [
      's3:requestobjecttag',
      (facts, subject, key) => requestTags(facts, subject)?.find((tag) => tag.key === key)?.value,
    ],
    ['aws:requesttag', (_facts, { requestTags: tags }, key) => inAnyCase(tags, key)],
    ['aws:resourcetag', (_facts, { bucketTags }, key) => inAnyCase(bucketTags, key)],
    ['s3:buckettag', (_facts, { bucketTags }, key) => inAnyCase(bucketTags, key)],
  ]);

/** The context in which policies are asked about one action of a request. */
export function requestContext(facts: RequestFacts, subject: Subject): RequestContext {
  const known = s3Actions.get(subject.action)?.keys;
  let global: RequestContext | undefined;
  return (key) => {
    const slash = key.indexOf('/');
    const name = slash === -1 ? key : key.slice(0, slash);
    if (name.startsWith('s3:') && known?.has(name) !== true) return undefined;
    if (slash !== -1 && tagResolvers.has(name)) return tagResolvers.get(name)?.(facts, subject, key.slice(slash + 1));
    const resolve = resolvers.get(name);
    if (resolve !== undefined) return resolve(facts, subject);
    global ??= globalContext(facts.identity, sourceOf(facts));
    return global(key);
  };
}

/** How the request came in. */
export function sourceOf({ sourceIp, header, isSecure, nowMs }: RequestFacts): RequestSource {
  return { ip: sourceIp, userAgent: header('user-agent'), isSecure, nowMs };
}

/** As `bucket/key`, decoded, with or without the slash that clients may begin with. */
function copySource({ header }: RequestFacts): string | undefined {
  const given = header('x-amz-copy-source');
  return given === undefined ? undefined : (decodeForm(given) ?? given).replace(/^\//, '');
}

function signatureAge({ signature, nowMs }: RequestFacts): string | undefined {
  return signature?.signedMs === undefined ? undefined : String(Math.max(0, nowMs - signature.signedMs));
}

function retainUntil({ header }: RequestFacts, { lock }: Subject): string | undefined {
  return lock?.retainUntil ?? header('x-amz-object-lock-retain-until-date');
}

function remainingDays(facts: RequestFacts, subject: Subject): string | undefined {
  const untilMs = Date.parse(retainUntil(facts, subject) ?? '');
  return Number.isNaN(untilMs) ? undefined : String(Math.ceil((untilMs - facts.nowMs) / 86_400_000));
}

/** A duration may be given in years instead, which count as in retention: 365 days each. */
function holdDays({ header }: RequestFacts): string | undefined {
  const years = header('x-amz-object-lock-event-hold-duration-years');
  return header('x-amz-object-lock-event-hold-duration-days') ?? (years && String(Number(years) * 365));
}

/** The tags that the body gives, or else the header. One that cannot be read gives none; its operation refuses it. */
function requestTags({ header }: RequestFacts, { requestTags: given }: Subject): readonly Tag[] | undefined {
  if (given !== undefined) return given;
  const text = header('x-amz-tagging');
  if (text === undefined) return undefined;
  return text.split('&').map((pair) => {
    const [key = '', ...value] = pair.split('=');
    return { key: decodeForm(key) ?? key, value: decodeForm(value.join('=')) ?? '' };
  });
}

function keysOf(tags: readonly Tag[] | undefined): readonly string[] | undefined {
  return tags === undefined || tags.length === 0 ? undefined : tags.map(({ key }) => key);
}

function inAnyCase(tags: readonly Tag[] | undefined, key: string): string | undefined {
  const folded = key.toLowerCase();
  return tags?.find((tag) => tag.key.toLowerCase() === folded)?.value;
}
