/** The order of AWS, rule by rule: each test is one sentence of its documentation. */
import { describe, expect, test } from 'vitest';
import { compilePolicy } from './compile.ts';
import { contextOf } from './context.ts';
import { type AccessQuestion, decide, type NamedPolicy } from './decide.ts';
import { iamPolicyFault } from './policy-fault.ts';
import type { Principal } from './principal.ts';
import { readDocument } from './read-document.ts';
import { refusalText } from './refusal-text.ts';

const own = '111111111111';
const other = '222222222222';
const user: Principal = { kind: 'user', accountId: own, canonicalId: 'c1', arn: `arn:aws:iam::${own}:user/ann` };
const root: Principal = { kind: 'root', accountId: own, canonicalId: 'c1', arn: `arn:aws:iam::${own}:root` };
const roleArn = `arn:aws:iam::${own}:role/team/r`;
const session: Principal = { ...user, kind: 'role', arn: `arn:aws:sts::${own}:assumed-role/r/s`, roleArn };
const federated: Principal = { ...user, kind: 'federated', arn: `arn:aws:sts::${own}:federated-user/f` };
const nobody: Principal = { kind: 'anonymous', accountId: '', canonicalId: 'nobody', arn: '' };
const service: Principal = { ...nobody, kind: 'service', names: ['logging.s3.amazonaws.com'] };
const web: Principal = { ...nobody, kind: 'web-identity', names: ['https://issuer.example'] };

type Statement = Readonly<Record<string, unknown>>;
const policy = (...statements: Statement[]): NamedPolicy => ({
  name: 'p',
  policy: compilePolicy(
    readDocument(
      JSON.stringify({
        Version: '2012-10-17',
        Statement: statements.map((more) => ({
          Effect: 'Allow',
          ...('NotAction' in more ? {} : { Action: 's3:*' }),
          ...('NotResource' in more ? {} : { Resource: '*' }),
          ...more,
        })),
      }),
      iamPolicyFault,
    ),
  ),
});
const allows = policy({});
const denies = policy({ Effect: 'Deny', Sid: 'No' });
const isSilent = policy({ Action: 'iam:*' });
const names = (Principal: unknown, more: Statement = {}): NamedPolicy => policy({ Principal, ...more });

const ask = (more: Partial<AccessQuestion> = {}) =>
  decide({
    principal: user,
    permissions: { identity: more.principal?.kind === 'root' ? 'all' : [] },
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::b/k',
    resourceAccountId: own,
    context: contextOf({}),
    ...more,
  });
const by = (layer: string, outcome: string) => expect.objectContaining({ layer, outcome });
const allowedBy = (layer: string) => by(layer, 'allow');
const denied = (layer: string) => by(layer, 'explicit-deny');
const missing = (layer: string) => by(layer, 'implicit-deny');

describe('within the account', () => {
  test('no policy → not allowed; a policy of the identity → allowed by it', () => {
    expect(ask()).toEqual(missing('identity'));
    expect(ask({ permissions: { identity: [isSilent] } })).toEqual(missing('identity'));
    expect(ask({ permissions: { identity: [isSilent, allows] } })).toEqual({
      outcome: 'allow',
      layer: 'identity',
      by: { policy: 'p', index: 0, sid: undefined },
    });
  });

  test('a denial anywhere → denied, whatever else allows', () => {
    const resourcePolicy = names(user.arn ? { AWS: user.arn } : '*');
    const all = { identity: [allows], boundary: [allows], session: [allows] };
    expect(ask({ resourcePolicy, permissions: all })).toEqual(allowedBy('resource'));
    expect(ask({ resourcePolicy, permissions: { ...all, identity: [allows, denies] } })).toEqual({
      outcome: 'explicit-deny',
      layer: 'identity',
      by: { policy: 'p', index: 0, sid: 'No' },
    });
    expect(ask({ resourcePolicy, permissions: { ...all, boundary: [denies] } })).toEqual(denied('boundary'));
    expect(ask({ resourcePolicy, permissions: { ...all, session: [denies] } })).toEqual(denied('session'));
    const both = policy({ Principal: '*' }, { Principal: '*', Effect: 'Deny' });
    expect(ask({ resourcePolicy: both, permissions: all })).toEqual(denied('resource'));
    expect(ask({ principal: root, resourcePolicy: names('*', { Effect: 'Deny' }) })).toEqual(denied('resource'));
  });

  test('a denial of another action, resource, principal or condition → does not count', () => {
    const permissions = { identity: [allows] };
    for (const more of [
      { Action: 's3:PutObject' },
      { NotAction: 's3:Get*' },
      { Resource: 'arn:aws:s3:::c/*' },
      { NotResource: 'arn:aws:s3:::b/*' },
      { Condition: { StringEquals: { 's3:prefix': 'a' } } },
    ]) {
      expect(ask({ permissions: { identity: [allows, policy({ Effect: 'Deny', ...more })] } })).toEqual(
        allowedBy('identity'),
      );
    }
    const elsewhere = names({ AWS: `arn:aws:iam::${own}:user/bob` }, { Effect: 'Deny' });
    expect(ask({ permissions, resourcePolicy: elsewhere })).toEqual(allowedBy('identity'));
  });

  test('all resources but one whose variable has no value → about nothing', () => {
    const butUnknown = policy({ NotResource: 'arn:aws:s3:::b/${aws:username}' });
    expect(ask({ permissions: { identity: [butUnknown] } })).toEqual(missing('identity'));
    const context = contextOf({ 'aws:username': 'ann' });
    expect(ask({ permissions: { identity: [butUnknown] }, context })).toEqual(allowedBy('identity'));
    expect(ask({ permissions: { identity: [butUnknown] }, context, resource: 'arn:aws:s3:::b/ann' })).toEqual(
      missing('identity'),
    );
  });

  test('the case of an action does not count', () => {
    expect(ask({ permissions: { identity: [policy({ Action: 'S3:getobj*' })] } })).toEqual(allowedBy('identity'));
  });

  test('the root → allowed without any policy', () => {
    expect(ask({ principal: root })).toEqual(allowedBy('identity'));
  });

  test("a resource's policy that names the user → allowed, boundary or not", () => {
    const resourcePolicy = names({ AWS: user.arn });
    expect(ask({ resourcePolicy })).toEqual(allowedBy('resource'));
    expect(ask({ resourcePolicy, permissions: { identity: [], boundary: [isSilent] } })).toEqual(allowedBy('resource'));
    expect(ask({ resourcePolicy: names('*') })).toEqual(allowedBy('resource'));
    expect(ask({ resourcePolicy: names({ AWS: '*' }) })).toEqual(allowedBy('resource'));
  });

  test('one that names the account → leaves it to the policies of the identity', () => {
    for (const name of [{ AWS: own }, { AWS: root.arn }, { CanonicalUser: 'c1' }]) {
      expect(ask({ resourcePolicy: names(name) })).toEqual(missing('identity'));
      expect(ask({ resourcePolicy: names(name), permissions: { identity: [allows] } })).toEqual(allowedBy('identity'));
    }
  });

  test('one that names the role → as a policy of the role: its boundary and session limit it', () => {
    const asked = { principal: session, resourcePolicy: names({ AWS: roleArn }) };
    expect(ask(asked)).toEqual(allowedBy('resource'));
    expect(ask({ ...asked, permissions: { identity: [], boundary: [isSilent] } })).toEqual(missing('boundary'));
    expect(ask({ ...asked, permissions: { identity: [], session: [isSilent] } })).toEqual(missing('session'));
    expect(ask({ ...asked, permissions: { identity: [], boundary: [allows], session: [allows] } })).toEqual(
      allowedBy('resource'),
    );
  });

  test('one that names the session → nothing limits it', () => {
    for (const principal of [session, federated]) {
      const resourcePolicy = names({ AWS: principal.arn });
      const permissions = { identity: [], boundary: [isSilent], session: [isSilent] };
      expect(ask({ principal, resourcePolicy, permissions })).toEqual(allowedBy('resource'));
    }
  });

  test('one that names everybody → the session itself, as one of them: nothing limits it', () => {
    for (const name of ['*', { AWS: '*' }]) {
      const permissions = { identity: [], boundary: [isSilent], session: [isSilent] };
      for (const principal of [user, session, federated]) {
        expect(ask({ principal, resourcePolicy: names(name), permissions })).toEqual(allowedBy('resource'));
      }
      const across = { principal: session, resourcePolicy: names(name), resourceAccountId: other };
      expect(ask({ ...across, permissions })).toEqual(missing('identity'));
    }
  });

  test("a resource's policy of which denials alone count → allows nothing, and denies", () => {
    const only = { resourcePolicyOnlyDenies: true };
    expect(ask({ ...only, resourcePolicy: names('*') })).toEqual(missing('identity'));
    expect(ask({ ...only, principal: nobody, resourcePolicy: names('*') })).toEqual(missing('resource'));
    const permissions = { identity: [allows] };
    expect(ask({ ...only, permissions, resourcePolicy: names('*', { Effect: 'Deny' }) })).toEqual(denied('resource'));
  });

  test('of several statements the most direct one counts', () => {
    const resourcePolicy = policy(
      { Principal: { AWS: own } },
      { Principal: { AWS: user.arn } },
      { Principal: { AWS: own } },
    );
    expect(ask({ resourcePolicy })).toEqual({
      outcome: 'allow',
      layer: 'resource',
      by: { policy: 'p', index: 1, sid: undefined },
    });
  });

  test('a boundary, and a session with policies → each must allow too', () => {
    const limited = (boundary: NamedPolicy[], given?: NamedPolicy[]) =>
      ask({ permissions: { identity: [allows], boundary, ...(given && { session: given }) } });
    expect(limited([allows])).toEqual(allowedBy('identity'));
    expect(limited([isSilent])).toEqual(missing('boundary'));
    expect(limited([])).toEqual(missing('boundary'));
    expect(limited([allows], [isSilent])).toEqual(missing('session'));
    expect(limited([allows], [])).toEqual(missing('session'));
    expect(limited([allows], [isSilent, allows])).toEqual(allowedBy('identity'));
    expect(ask({ permissions: { identity: [], boundary: [allows], session: [allows] } })).toEqual(missing('identity'));
  });

  test('an ACL → gives users of the account nothing', () => {
    expect(ask({ isGrantedByAcl: true })).toEqual(missing('identity'));
  });
});

describe('across accounts', () => {
  const permissions = { identity: [allows] };
  const across = (more: Partial<AccessQuestion>) => ask({ resourceAccountId: other, ...more });

  test('the policies of both → allowed; of one alone → not', () => {
    expect(across({ permissions })).toEqual(missing('resource'));
    for (const name of ['*', { AWS: own }, { AWS: user.arn }, { CanonicalUser: 'c1' }]) {
      expect(across({ resourcePolicy: names(name) })).toEqual(missing('identity'));
      expect(across({ resourcePolicy: names(name), permissions })).toEqual(allowedBy('identity'));
    }
    expect(across({ resourcePolicy: names({ AWS: other }), permissions })).toEqual(missing('resource'));
    const byRole = { principal: session, resourcePolicy: names({ AWS: roleArn }) };
    expect(across(byRole)).toEqual(missing('identity'));
    expect(across({ ...byRole, permissions })).toEqual(allowedBy('identity'));
  });

  test('a boundary or a session that does not allow → not allowed, whomever the resource names', () => {
    const resourcePolicy = names({ AWS: user.arn });
    expect(across({ resourcePolicy, permissions: { ...permissions, boundary: [isSilent] } })).toEqual(
      missing('boundary'),
    );
    expect(across({ resourcePolicy, permissions: { ...permissions, session: [] } })).toEqual(missing('session'));
  });

  test('the root of the other account → as its users', () => {
    expect(across({ principal: root })).toEqual(missing('resource'));
    expect(across({ principal: root, resourcePolicy: names({ AWS: own }) })).toEqual(allowedBy('identity'));
  });

  test('an ACL that grants it, and the policies of the identity → allowed', () => {
    expect(across({ isGrantedByAcl: true, permissions })).toEqual(allowedBy('identity'));
    expect(across({ isGrantedByAcl: true })).toEqual(missing('identity'));
    expect(across({ isGrantedByAcl: true, principal: root })).toEqual(allowedBy('identity'));
  });
});

describe('without an account', () => {
  test('nobody → what is given to everybody, by policy or ACL', () => {
    expect(ask({ principal: nobody })).toEqual(missing('resource'));
    expect(ask({ principal: nobody, resourcePolicy: names({ AWS: own }) })).toEqual(missing('resource'));
    expect(ask({ principal: nobody, resourcePolicy: names('*') })).toEqual(allowedBy('resource'));
    expect(ask({ principal: nobody, resourcePolicy: names({ AWS: '*' }) })).toEqual(allowedBy('resource'));
    expect(ask({ principal: nobody, isGrantedByAcl: true })).toEqual(allowedBy('resource'));
    expect(ask({ principal: nobody, isGrantedByAcl: true, resourcePolicy: names('*', { Effect: 'Deny' }) })).toEqual(
      denied('resource'),
    );
  });

  test('a service, an identity provider → by their own names, not as accounts', () => {
    for (const [principal, name] of [
      [service, { Service: 'logging.s3.amazonaws.com' }],
      [web, { Federated: 'https://issuer.example' }],
    ] as const) {
      expect(ask({ principal, resourcePolicy: names(name) })).toEqual(allowedBy('resource'));
      expect(ask({ principal, resourcePolicy: names('*') })).toEqual(allowedBy('resource'));
      expect(ask({ principal, resourcePolicy: names({ AWS: '*' }) })).toEqual(missing('resource'));
      expect(ask({ principal: nobody, resourcePolicy: names(name) })).toEqual(missing('resource'));
    }
  });
});

describe('all but some, denied', () => {
  const spares = (NotPrincipal: unknown): NamedPolicy => policy({ Effect: 'Deny', NotPrincipal });
  const permissions = { identity: [allows] };

  test('a user → spared if both it and its account are listed', () => {
    expect(ask({ permissions, resourcePolicy: spares({ AWS: [user.arn, own] }) })).toEqual(allowedBy('identity'));
    expect(ask({ permissions, resourcePolicy: spares({ AWS: [user.arn, root.arn] }) })).toEqual(allowedBy('identity'));
    expect(ask({ permissions, resourcePolicy: spares({ AWS: user.arn }) })).toEqual(denied('resource'));
    expect(ask({ permissions, resourcePolicy: spares({ AWS: own }) })).toEqual(denied('resource'));
    expect(ask({ principal: root, resourcePolicy: spares({ AWS: own }) })).toEqual(allowedBy('identity'));
    expect(ask({ permissions, resourcePolicy: spares({ AWS: '*' }) })).toEqual(allowedBy('identity'));
    expect(ask({ permissions, resourcePolicy: spares('*') })).toEqual(allowedBy('identity'));
  });

  test('a session → if its role is listed too', () => {
    const asked = { principal: session, permissions };
    expect(ask({ ...asked, resourcePolicy: spares({ AWS: [session.arn, roleArn, own] }) })).toEqual(
      allowedBy('identity'),
    );
    expect(ask({ ...asked, resourcePolicy: spares({ AWS: [session.arn, own] }) })).toEqual(denied('resource'));
    expect(ask({ ...asked, resourcePolicy: spares({ AWS: [roleArn, own] }) })).toEqual(denied('resource'));
  });

  test('who has a boundary → never', () => {
    const resourcePolicy = spares({ AWS: [user.arn, own] });
    expect(ask({ resourcePolicy, permissions: { ...permissions, boundary: [allows] } })).toEqual(denied('resource'));
  });

  test('a service and nobody → by what they are', () => {
    expect(ask({ principal: service, resourcePolicy: spares({ Service: 'logging.s3.amazonaws.com' }) })).toEqual(
      missing('resource'),
    );
    expect(ask({ principal: service, resourcePolicy: spares({ AWS: own }) })).toEqual(denied('resource'));
    expect(ask({ principal: nobody, resourcePolicy: spares({ AWS: own }) })).toEqual(denied('resource'));
  });
});

describe('a trust policy', () => {
  const trusting = (Principal: unknown, more: Partial<AccessQuestion> = {}) =>
    ask({ needsResourcePolicy: true, resourcePolicy: names(Principal), ...more });

  test('must allow, also within the account', () => {
    const permissions = { identity: [allows] };
    expect(ask({ needsResourcePolicy: true, permissions })).toEqual(missing('resource'));
    expect(trusting({ AWS: user.arn })).toEqual(allowedBy('resource'));
    expect(trusting({ AWS: own })).toEqual(missing('identity'));
    expect(trusting({ AWS: own }, { permissions })).toEqual(allowedBy('identity'));
    expect(trusting({ AWS: own }, { principal: root })).toEqual(allowedBy('identity'));
  });
});

describe('the sentence of a refusal', () => {
  const question = { principal: user, action: 's3:GetObject', resource: 'arn:aws:s3:::b/k' };
  const start = `User: arn:aws:iam::${own}:user/ann is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k"`;
  test.for([
    ['identity', 'no identity-based policy', 'an identity-based policy'],
    ['resource', 'no resource-based policy', 'a resource-based policy'],
    ['boundary', 'no permissions boundary', 'a permissions boundary'],
    ['session', 'no session policy', 'a session policy'],
  ] as const)('%s', ([layer, none, one]) => {
    expect(refusalText(question, { outcome: 'implicit-deny', layer })).toBe(
      `${start} because ${none} allows the s3:GetObject action`,
    );
    expect(refusalText(question, { outcome: 'explicit-deny', layer })).toBe(`${start} with an explicit deny in ${one}`);
  });

  test.for([
    [service, 'logging.s3.amazonaws.com'],
    [nobody, 'anonymous'],
    [session, session.arn],
  ] as const)('of %o', ([principal, name]) => {
    const text = refusalText({ ...question, principal }, { outcome: 'implicit-deny', layer: 'resource' });
    expect(text).toContain(`User: ${name} is not authorized`);
  });
});
