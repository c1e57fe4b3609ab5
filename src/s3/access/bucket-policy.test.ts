/** What S3 takes as the policy of a bucket, in which words it refuses the rest, and what it calls public. */
import { describe, expect, test } from 'vitest';
import { isPublicPolicy, parseBucketPolicy } from './bucket-policy.ts';

type Statement = Readonly<Record<string, unknown>>;
const allow: Statement = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:GetObject',
  Resource: 'arn:aws:s3:::pictures/*',
};
const text = (statement: unknown, more: object = {}): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statement, ...more });
const parse = (statement: unknown) => parseBucketPolicy(text(statement), { bucket: 'pictures' });
const both = ['arn:aws:s3:::pictures', 'arn:aws:s3:::pictures/*'];

const taken: readonly Statement[] = [
  allow,
  { ...allow, Action: ['s3:ListBucket', 's3:GetObject'], Resource: both },
  { ...allow, Action: 's3:*' },
  { ...allow, Action: '*', Resource: 'arn:aws:s3:::pictures' },
  { ...allow, Action: 'S3:getobject' },
  { ...allow, Action: 's3:List*', Resource: 'arn:aws:s3:::pictures' },
  { ...allow, Resource: 'arn:aws:s3:::*' },
  { ...allow, Resource: 'arn:aws:s3:::pict*' },
  { ...allow, Resource: 'arn:aws:s3:::pictures/${aws:username}/*' },
  { ...allow, Action: undefined, NotAction: 's3:GetObject' },
  { ...allow, Effect: 'Deny', Principal: undefined, NotPrincipal: { AWS: '123456789012' } },
  { ...allow, Resource: undefined, NotResource: 'arn:aws:s3:::pictures/private/*' },
  { ...allow, Principal: { AWS: ['arn:aws:iam::123456789012:root', '123456789012', 'arn:aws:iam::tenant1:root'] } },
  { ...allow, Principal: { Service: 'logging.s3.amazonaws.com' } },
  { ...allow, Principal: { CanonicalUser: 'a'.repeat(64) } },
  { ...allow, Condition: { StringEquals: { 's3:ExistingObjectTag/a': 'b', 'aws:PrincipalTag/c': 'd' } } },
  { ...allow, Action: 's3:*', Resource: both, Condition: { StringEquals: { 's3:prefix': 'a' } } },
  { ...allow, Action: 's3:PutObject', Condition: { Null: { 's3:x-amz-server-side-encryption': 'true' } } },
];
test.for(taken)('%j → taken', (statement) => {
  expect(parse(statement).statements).toHaveLength(1);
});

test('statements with one and the same Sid → taken, unlike by IAM', () => {
  const statement = { ...allow, Sid: 'Same' };
  expect(parse([statement, { ...statement, Action: 's3:PutObject' }]).statements).toHaveLength(2);
});

const invalid = 'Invalid policy syntax.';
const refused: readonly (readonly [what: string, document: string, sentence: string])[] = [
  ['no JSON', 'a', "Policies must be valid JSON and the first byte must be '{'"],
  ['a space first', ` ${text(allow)}`, "Policies must be valid JSON and the first byte must be '{'"],
  ['half of a document', '{"Version"', 'This policy contains invalid Json'],
  ['an unknown element', text(allow, { Name: 'x' }), invalid],
  ['an unknown version', text(allow, { Version: '2020-01-01' }), 'The policy must contain a valid version string'],
  ['no statement', '{"Version":"2012-10-17"}', 'Missing required field Statement'],
  ['no statements', text([]), 'Could not parse the policy: Statement is empty!'],
  ['no effect', text({ ...allow, Effect: undefined }), 'Missing required field Effect'],
  ['an unknown effect', text({ ...allow, Effect: 'Maybe' }), 'Invalid effect: Maybe'],
  ['no principal', text({ ...allow, Principal: undefined }), 'Missing required field Principal'],
  ['a principal that is none', text({ ...allow, Principal: { AWS: 'ann' } }), 'Invalid principal in policy'],
  [
    'a principal of text',
    text({ ...allow, Principal: 'arn:aws:iam::123456789012:root' }),
    'Invalid principal in policy',
  ],
  [
    'a wildcard in a principal',
    text({ ...allow, Principal: { AWS: 'arn:aws:iam::123456789012:user/*' } }),
    'Invalid principal in policy',
  ],
  [
    'all but some allowed',
    text({ ...allow, Principal: undefined, NotPrincipal: { AWS: '123456789012' } }),
    'Allow with NotPrincipal is not allowed.',
  ],
  ['no action', text({ ...allow, Action: undefined }), 'Missing required field Action'],
  ['an unknown action', text({ ...allow, Action: 's3:GetObjekt' }), 'Policy has invalid action'],
  ['an action of another service', text({ ...allow, Action: 'iam:GetUser' }), 'Policy has invalid action'],
  ['no resource', text({ ...allow, Resource: undefined }), 'Missing required field Resource'],
  ['every resource', text({ ...allow, Resource: '*' }), 'Policy has invalid resource'],
  ['another bucket', text({ ...allow, Resource: 'arn:aws:s3:::films/*' }), 'Policy has invalid resource'],
  ['a bucket with a name alike', text({ ...allow, Resource: 'arn:aws:s3:::picture/*' }), 'Policy has invalid resource'],
  [
    'a resource of another service',
    text({ ...allow, Resource: 'arn:aws:sqs:::pictures' }),
    'Policy has invalid resource',
  ],
  [
    'an action on objects, the bucket alone',
    text({ ...allow, Resource: 'arn:aws:s3:::pictures' }),
    'Action does not apply to any resource(s) in statement',
  ],
  [
    'an action on the bucket, objects alone',
    text({ ...allow, Action: ['s3:GetObject', 's3:ListBucket'] }),
    'Action does not apply to any resource(s) in statement',
  ],
  [
    'an action on accounts',
    text({ ...allow, Action: 's3:ListAllMyBuckets', Resource: both }),
    'Action does not apply to any resource(s) in statement',
  ],
  [
    'an unknown operator',
    text({ ...allow, Condition: { StringIs: { 'aws:userid': 'a' } } }),
    'Invalid Condition type : StringIs',
  ],
  [
    'an unknown key',
    text({ ...allow, Condition: { StringEquals: { 's3:colour': 'a' } } }),
    'Policy has an invalid condition key',
  ],
  [
    'a key of no service',
    text({ ...allow, Condition: { StringEquals: { 'colour:a': 'a' } } }),
    'Policy has an invalid condition key',
  ],
  [
    'a key of other actions',
    text({ ...allow, Condition: { StringEquals: { 's3:prefix': 'a' } } }),
    'Conditions do not apply to combination of actions and resources in statement',
  ],
  [
    'a value of another type',
    text({ ...allow, Condition: { IpAddress: { 'aws:SourceIp': 'a' } } }),
    'Invalid value in Conditions for operator IpAddress',
  ],
  [
    'more than 20 KB',
    text(Array.from({ length: 300 }, () => allow)),
    'Normalized policy document exceeds the maximum allowed size of 20480 bytes',
  ],
];
test.for(refused)('%s → refused', ([, document, sentence]) => {
  expect(() => parseBucketPolicy(document, { bucket: 'pictures' })).toThrow(
    expect.objectContaining({ name: 'PolicyFault', message: sentence }),
  );
});

test('20 KB are counted without the white space between', () => {
  expect(
    parseBucketPolicy(JSON.stringify(JSON.parse(text(allow)), null, 5000), { bucket: 'pictures' }).statements,
  ).toHaveLength(1);
});

describe('public', () => {
  const isPublic = (...statements: Statement[]) =>
    isPublicPolicy(parse(statements.map((more) => ({ ...allow, ...more }))));
  const under = (operator: string, key: string, value: unknown): Statement => ({
    Condition: { [operator]: { [key]: value } },
  });

  const open: readonly Statement[] = [
    {},
    { Principal: { AWS: '*' } },
    { Principal: { AWS: ['123456789012', '*'] } },
    under('StringEquals', 'aws:UserAgent', 'me'),
    under('IpAddress', 'aws:SourceIp', '0.0.0.0/1'),
    under('IpAddress', 'aws:SourceIp', ['10.0.0.0/24', '0.0.0.0/0']),
    under('IpAddress', 'aws:SourceIp', '2000::/3'),
    under('NotIpAddress', 'aws:SourceIp', '10.0.0.0/24'),
    under('IpAddressIfExists', 'aws:SourceIp', '10.0.0.0/24'),
    under('StringLike', 'aws:SourceVpc', 'vpc-*'),
    under('StringEquals', 'aws:SourceAccount', '${aws:PrincipalAccount}'),
    under('StringNotEquals', 'aws:SourceAccount', '123456789012'),
    under('ForAllValues:StringEquals', 'aws:PrincipalOrgID', 'o-1'),
    under('StringLike', 'aws:userid', 'AROA:*'),
    under('Null', 'aws:SourceVpc', 'false'),
  ];
  test.for(open)('%j → yes', (more) => {
    expect(isPublic(more)).toBe(true);
    expect(isPublic({ Principal: { AWS: '123456789012' } }, more)).toBe(true);
  });

  const closed: readonly Statement[] = [
    { Effect: 'Deny' },
    { Principal: { AWS: '123456789012' } },
    { Principal: { Service: 'logging.s3.amazonaws.com' } },
    under('IpAddress', 'aws:SourceIp', '10.0.0.0/8'),
    under('IpAddress', 'aws:SourceIp', '2001:db8::/32'),
    under('StringEquals', 'aws:SourceVpc', 'vpc-1'),
    under('StringLike', 'aws:SourceVpc', 'vpc-1'),
    under('ArnLike', 'aws:SourceArn', 'arn:aws:s3:::other'),
    under('StringEquals', 'AWS:PrincipalOrgId', 'o-1'),
    { Condition: { StringEquals: { 'aws:SourceAccount': '1', 'aws:UserAgent': 'me' } } },
  ];
  test.for(closed)('%j → no', (more) => {
    expect(isPublic(more)).toBe(false);
  });
});
