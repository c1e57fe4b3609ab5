/** What documents IAM takes, and in which words it refuses the others. */
import { describe, expect, test } from 'vitest';
import { policySize } from './document.ts';
import { parseIdentityPolicy, parseTrustPolicy } from './identity-policy.ts';

const allow = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const text = (statement: unknown, more: object = {}): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statement, ...more });

describe('a policy of an identity', () => {
  test.for([
    text(allow),
    text([allow, { ...allow, Sid: 'a' }, { ...allow, Sid: 'b' }], { Id: 'x' }),
    JSON.stringify({ Statement: allow }),
    text(allow, { Version: '2008-10-17' }),
    text({ Effect: 'Deny', NotAction: ['iam:*'], NotResource: ['arn:aws:s3:::b'] }),
    text({ ...allow, Action: '*' }),
    text({ ...allow, Condition: { Bool: { 'aws:SecureTransport': false }, NumericLessThan: { 's3:max-keys': 10 } } }),
    text({ ...allow, Condition: { 'ForAllValues:StringLikeIfExists': { 'aws:TagKeys': ['a', 'b*'] } } }),
    ` ${text(allow)}\n`,
  ])('%s → taken', (document) => {
    expect(parseIdentityPolicy(document).statements[0]?.effect).toMatch(/Allow|Deny/);
  });

  const syntax = 'Syntax errors in policy.';
  const refused: readonly (readonly [what: string, document: string, sentence: string])[] = [
    ['no JSON', '{', syntax],
    ['a list', '[]', syntax],
    ['nothing', '', syntax],
    ['an unknown element', text(allow, { Conditions: {} }), syntax],
    ['an unknown version', text(allow, { Version: '2012-10-18' }), syntax],
    ['an id that is no text', text(allow, { Id: 5 }), syntax],
    ['no statement', '{"Version":"2012-10-17"}', syntax],
    ['no statements', text([]), syntax],
    ['a statement that is none', text(['a']), syntax],
    ['an unknown element of a statement', text({ ...allow, Conditions: {} }), syntax],
    ['an element in other letters', text({ ...allow, effect: 'Allow' }), syntax],
    ['no effect', text({ ...allow, Effect: undefined }), syntax],
    ['an unknown effect', text({ ...allow, Effect: 'allow' }), syntax],
    ['a sid that is no text', text({ ...allow, Sid: 1 }), syntax],
    ['an action and its contrary', text({ ...allow, NotAction: 's3:*' }), syntax],
    ['a resource and its contrary', text({ ...allow, NotResource: '*' }), syntax],
    ['an action that is no text', text({ ...allow, Action: [1] }), syntax],
    ['an unknown operator', text({ ...allow, Condition: { StringIs: { a: 'b' } } }), syntax],
    ['NullIfExists', text({ ...allow, Condition: { NullIfExists: { a: 'true' } } }), syntax],
    ['a condition that is no object', text({ ...allow, Condition: [] }), syntax],
    ['a condition without keys', text({ ...allow, Condition: { StringEquals: 'a' } }), syntax],
    ['a value of another type', text({ ...allow, Condition: { StringEquals: { a: {} } } }), syntax],
    ['a value that is no number', text({ ...allow, Condition: { NumericEquals: { a: 'b' } } }), syntax],
    ['a value that is no address', text({ ...allow, Condition: { IpAddress: { a: '1.2.3' } } }), syntax],
    ['a value that is no date', text({ ...allow, Condition: { DateEquals: { a: 'today' } } }), syntax],
    [
      'one sid twice',
      text([
        { ...allow, Sid: 'a' },
        { ...allow, Sid: 'a' },
      ]),
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    ['a principal', text({ ...allow, Principal: '*' }), 'Policy document should not specify a principal.'],
    ['no action', text({ ...allow, Action: undefined }), 'Policy statement must contain actions.'],
    ['no actions', text({ ...allow, Action: [] }), 'Policy statement must contain actions.'],
    ['no resource', text({ ...allow, Resource: undefined }), 'Policy statement must contain resources.'],
    ['no resources', text({ ...allow, Resource: [] }), 'Policy statement must contain resources.'],
    ['a resource that is no ARN', text({ ...allow, Resource: 'b' }), 'Resource b must be in ARN format or "*".'],
    [
      'an action without a service',
      text({ ...allow, Action: 'Get' }),
      'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
    ],
    [
      'an action with two colons',
      text({ ...allow, Action: 's3:a:b' }),
      'Actions/Condition can contain only one colon.',
    ],
    ['an action of no service', text({ ...allow, Action: 's 3:a' }), 'Vendor s 3 is not valid'],
  ];
  test.for(refused)('%s → refused', ([, document, sentence]) => {
    expect(() => parseIdentityPolicy(document)).toThrow(
      expect.objectContaining({ name: 'PolicyFault', message: sentence }),
    );
  });
});

describe('a trust policy', () => {
  const trust = { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::123456789012:root' }, Action: 'sts:AssumeRole' };

  test.for([
    trust,
    { ...trust, Principal: '*' },
    {
      ...trust,
      Principal: { AWS: ['123456789012', 'arn:aws:sts::123456789012:assumed-role/r/s'], Service: 'ec2.amazonaws.com' },
    },
    {
      ...trust,
      Principal: { Federated: 'accounts.google.com' },
      Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
    },
    { ...trust, Effect: 'Deny', NotPrincipal: { AWS: 'arn:aws:iam::123456789012:user/a' }, Principal: undefined },
  ])('%j → taken', (statement) => {
    expect(parseTrustPolicy(text(statement)).statements).toHaveLength(1);
  });

  const refused: readonly (readonly [what: string, statement: object, sentence: string])[] = [
    ['a resource', { ...trust, Resource: '*' }, 'Has prohibited field Resource'],
    ['no principal', { ...trust, Principal: undefined }, 'Missing required field Principal'],
    ['an empty principal', { ...trust, Principal: {} }, 'Invalid principal in policy: {}'],
    [
      'a principal that is none',
      { ...trust, Principal: { AWS: 'ann' } },
      'Invalid principal in policy: {"AWS":["ann"]}',
    ],
    [
      'a wildcard in a principal',
      { ...trust, Principal: { AWS: 'arn:aws:iam::123456789012:user/*' } },
      'Invalid principal in policy: {"AWS":["arn:aws:iam::123456789012:user/*"]}',
    ],
    [
      'a principal of no kind',
      { ...trust, Principal: { Account: '1' } },
      'Invalid principal in policy: {"Account":"1"}',
    ],
    [
      'all but some',
      { ...trust, Principal: undefined, NotPrincipal: { AWS: '123456789012' } },
      'Allow with NotPrincipal is not allowed.',
    ],
    [
      'an action of another service',
      { ...trust, Action: 's3:GetObject' },
      'AssumeRole policy may only specify STS AssumeRole actions.',
    ],
  ];
  test.for(refused)('with %s → refused', ([, statement, sentence]) => {
    expect(() => parseTrustPolicy(text(statement))).toThrow(expect.objectContaining({ message: sentence }));
  });
});

test('the size of a document is counted without white space', () => {
  expect(policySize('{ "a":\n\t1 }')).toBe(7);
});
