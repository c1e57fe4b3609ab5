/** The evaluator against another one, `@cloud-copilot/iam-simulate`, on generated policies and requests. */
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate';
import { expect, test } from 'vitest';
import { isSlowRing } from '../../../test/support/ring.ts';
import { SeededRandom } from '../../../test/support/seeded-random.ts';
import { compilePolicy } from './compile.ts';
import { type ContextValue, contextOf } from './context.ts';
import { type AccessQuestion, type Decision, decide, type NamedPolicy } from './decide.ts';
import { explain } from './explain.ts';
import { iamPolicyFault } from './policy-fault.ts';
import type { Principal } from './principal.ts';
import { readDocument } from './read-document.ts';

const casesTried = isSlowRing ? 20_000 : 2_000;
const [own, other] = ['111111111111', '222222222222'];
type Json = Readonly<Record<string, unknown>>;

const principals: readonly Principal[] = [
  { kind: 'user', accountId: own, canonicalId: 'c1', arn: `arn:aws:iam::${own}:user/ann` },
  { kind: 'user', accountId: other, canonicalId: 'c2', arn: `arn:aws:iam::${other}:user/bob` },
  {
    kind: 'role',
    accountId: own,
    canonicalId: 'c1',
    arn: `arn:aws:sts::${own}:assumed-role/r/s`,
    roleArn: `arn:aws:iam::${own}:role/r`,
  },
  { kind: 'anonymous', accountId: '', canonicalId: 'nobody', arn: '' },
];
const actions = ['s3:GetObject', 's3:PutObject', 's3:ListBucket', 's3:GetObjectVersion', 's3:DeleteObject'];
const actionPatterns = [...actions, 's3:*', '*', 's3:Get*', 's3:*Object', 'S3:getobject', 's3:?etObject', 'iam:*'];
const resources = ['arn:aws:s3:::b', 'arn:aws:s3:::b/k', 'arn:aws:s3:::b/home/ann/x', 'arn:aws:s3:::c/a:b'];
const resourcePatterns = [
  ...resources,
  '*',
  'arn:aws:s3:::*',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b*',
  'arn:aws:s3:::?/k',
  'arn:aws:s3:::*/k',
  'arn:aws:s3:::b/home/${aws:username}/*',
  "arn:aws:s3:::b/home/${aws:nothing, 'ann'}/*",
  'arn:aws:s3:::b/home/${aws:nothing}/*',
  'arn:aws:iam::*:user/*',
];
const named = [
  '*',
  { AWS: '*' },
  ...[own, `arn:aws:iam::${own}:root`, `arn:aws:iam::${other}:root`].map((AWS) => ({ AWS })),
  ...principals.filter(({ arn }) => arn !== '').flatMap(({ arn, roleArn }) => [{ AWS: arn }, { AWS: roleArn ?? arn }]),
  { AWS: [`arn:aws:iam::${own}:user/ann`, other] },
];
const keyed: readonly (readonly [
  key: string,
  values: readonly ContextValue[],
  expected: readonly string[],
  operators: readonly string[],
])[] = [
  [
    'aws:username',
    ['ann', 'bob', 'Ann'],
    ['ann', 'a*', 'ANN', '${aws:username}', '${aws:nothing}', "${aws:nothing, 'bob'}", '?nn', 'a${*}'],
    [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
  ],
  [
    's3:max-keys',
    ['5', '10', '100'],
    ['5', '10', '50'],
    [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
  ],
  [
    'aws:CurrentTime',
    ['2026-01-02T00:00:00Z', '2026-06-01T12:00:00Z'],
    ['2026-01-02T00:00:00Z', '2026-03-01T00:00:00Z', '1767312000'],
    ['DateEquals', 'DateNotEquals', 'DateLessThan', 'DateLessThanEquals', 'DateGreaterThan', 'DateGreaterThanEquals'],
  ],
  ['aws:SecureTransport', ['true', 'false'], ['true', 'false'], ['Bool']],
  [
    'aws:SourceIp',
    ['203.0.113.7', '198.51.100.1', '2001:db8::1'],
    ['203.0.113.0/24', '198.51.100.1/32', '2001:db8::/32', '128.0.0.0/1'],
    ['IpAddress', 'NotIpAddress'],
  ],
  [
    'aws:PrincipalArn',
    ['arn:aws:iam::111111111111:user/ann', 'arn:aws:iam::222222222222:role/x'],
    ['arn:aws:iam::*:user/*', 'arn:aws:iam::111111111111:user/ann', 'arn:aws:iam::222222222222:role/${aws:username}'],
    ['ArnEquals', 'ArnNotEquals', 'ArnLike', 'ArnNotLike'],
  ],
  [
    'aws:TagKeys',
    [['a'], ['a', 'b'], ['b', 'c']],
    ['a', 'b', 'a*'],
    [
      'ForAllValues:StringEquals',
      'ForAnyValue:StringEquals',
      'ForAnyValue:StringLike',
      'ForAllValues:StringLike',
      'ForAnyValue:StringNotEquals',
      'ForAllValues:StringNotEquals',
    ],
  ],
];

/** The other evaluator drops keys that an action does not have, as whoever asks ours does. */
function isBrought(key: string, action: string): boolean {
  return key !== 's3:max-keys' || action === 's3:ListBucket';
}

class Cases {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  next() {
    const principal = this.#random.pick(principals);
    const action = this.#random.pick(actions);
    const hasPolicies = principal.kind !== 'anonymous';
    const identity = hasPolicies ? this.#some(2, () => this.#policy(false)) : [];
    const boundary = hasPolicies && this.#random.below(4) === 0 ? [this.#policy(false)] : undefined;
    const session = principal.kind === 'role' && this.#random.below(3) === 0 ? this.#policy(false) : undefined;
    const resourcePolicy = this.#random.below(3) > 0 ? this.#policy(true) : undefined;
    const context = Object.fromEntries(
      keyed.flatMap(([key, values]) =>
        isBrought(key, action) && this.#random.below(3) > 0 ? [[key, this.#random.pick(values)]] : [],
      ),
    );
    return {
      principal,
      identity,
      boundary,
      session,
      resourcePolicy,
      context,
      action,
      resource: action === 's3:ListBucket' ? 'arn:aws:s3:::b' : this.#random.pick(resources.slice(1)),
    };
  }

  #some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.#random.below(most + 1) }, make);
  }

  #policy(hasPrincipal: boolean): Json {
    const Statement = Array.from({ length: 1 + this.#random.below(3) }, () => this.#statement(hasPrincipal));
    return { Version: this.#random.below(8) === 0 ? '2008-10-17' : '2012-10-17', Statement };
  }

  #statement(hasPrincipal: boolean): Json {
    const isDenial = this.#random.below(4) === 0;
    const not = () => (this.#random.below(6) === 0 ? 'Not' : '');
    const list = (from: readonly string[]) => [
      this.#random.pick(from),
      ...this.#some(1, () => this.#random.pick(from)),
    ];
    return {
      Effect: isDenial ? 'Deny' : 'Allow',
      ...(hasPrincipal && { Principal: this.#random.pick(named) }),
      [`${not()}Action`]: list(actionPatterns),
      [`${not()}Resource`]: list(resourcePatterns),
      ...(this.#random.below(2) === 0 && { Condition: this.#condition() }),
    };
  }

  #condition(): Json {
    const [key, , expected, operators] = this.#random.pick(keyed);
    if (this.#random.below(8) === 0) return { Null: { [key]: this.#random.pick(['true', 'false']) } };
    const ifExists = this.#random.below(4) === 0 ? 'IfExists' : '';
    const values = [this.#random.pick(expected), ...this.#some(1, () => this.#random.pick(expected))];
    return { [`${this.#random.pick(operators)}${ifExists}`]: { [key]: values } };
  }
}

type Case = ReturnType<Cases['next']>;

const compiled = (document: Json): NamedPolicy => ({
  name: 'p',
  policy: compilePolicy(readDocument(JSON.stringify(document), iamPolicyFault)),
});

function questionOf({ principal, identity, boundary, session, resourcePolicy, ...asked }: Case): AccessQuestion {
  const { action, resource, context } = asked;
  return {
    principal,
    permissions: {
      identity: identity.map(compiled),
      ...(boundary && { boundary: boundary.map(compiled) }),
      ...(session && { session: [compiled(session)] }),
    },
    action,
    resource,
    resourceAccountId: own,
    resourcePolicy: resourcePolicy && compiled(resourcePolicy),
    context: contextOf(context),
  };
}

async function theirs({
  principal,
  identity,
  boundary,
  session,
  resourcePolicy,
  action,
  resource,
  context,
}: Case): Promise<string> {
  const name = (policy: Json) => ({ name: 'p', policy });
  const result = await runSimulation(
    {
      request: {
        principal: principal.kind === 'anonymous' ? anonymousPrincipal : principal.arn,
        action,
        resource: { resource, accountId: own },
        contextVariables: Object.fromEntries(
          Object.entries(context).map(([key, value]) => [key, typeof value === 'string' ? value : [...value]]),
        ),
      },
      identityPolicies: identity.map(name),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy,
      sessionPolicy: session,
      ...(boundary && { permissionBoundaryPolicies: boundary.map(name) }),
    },
    {},
  );
  return result.resultType === 'error' ? JSON.stringify(result) : result.overallResult;
}

const outcomes: Readonly<Record<string, string>> = {
  Allowed: 'allow',
  ExplicitlyDenied: 'explicit-deny',
  ImplicitlyDenied: 'implicit-deny',
};

/** Where the other one is known to differ from AWS's documentation, which ours follows. */
const explained: readonly (readonly [reason: string, applies: (text: string, one: Case, mine: Decision) => boolean])[] =
  [
    ['variables are of version 2012-10-17 only', (text) => text.includes('2008-10-17') && text.includes('${')],
    [
      'a negated operator holds against a variable without a value',
      (text) => /"(StringNot|ArnNot)\w+":{"[^}]*\$\{/.test(text),
    ],
    ['dates may be seconds since 1970', (text) => text.includes('"1767312000"')],
    [
      'NotIpAddress holds if none of its values fits',
      (text) => /"NotIpAddress(IfExists)?":{"aws:SourceIp":\["[^"]+",/.test(text),
    ],
    [
      'IfExists holds where the key is missing, under ForAnyValue too',
      (text, { context }) => /ForAnyValue:\w+IfExists/.test(text) && !('aws:TagKeys' in context),
    ],
    [
      "a session's policies do not limit what a resource's policy gives to the session itself",
      (_text, { session }, { outcome, layer }) => session !== undefined && outcome === 'allow' && layer === 'resource',
    ],
  ];

test(`${casesTried} policies and requests → decided alike`, { timeout: 120_000 }, async () => {
  const cases = new Cases(6);
  const differences: string[] = [];
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for (let tried = 0; tried < casesTried; tried++) {
    const one = cases.next();
    const text = JSON.stringify(one);
    const [mine, reference] = [decide(questionOf(one)), await theirs(one)];
    count(mine.outcome);
    if (mine.outcome === outcomes[reference]) continue;
    const reason = explained.find(([, applies]) => applies(text, one, mine))?.[0];
    if (reason === undefined) differences.push(`${mine.outcome}, not ${reference}: ${text}`);
    else count(reason);
  }
  expect(differences.slice(0, 5).join('\n'), `${differences.length} differences`).toBe('');
  // Each outcome often enough to mean something, and each explanation seldom.
  for (const outcome of Object.values(outcomes)) expect(counts.get(outcome) ?? 0).toBeGreaterThan(casesTried / 20);
  for (const [reason] of explained) expect(counts.get(reason) ?? 0, reason).toBeLessThan(casesTried / 50);
});

/** The step that tells of the policies that decided. */
const steps: Readonly<Record<Decision['layer'], string>> = {
  resource: 'resource policy',
  identity: 'identity policies',
  boundary: 'permissions boundary',
  session: 'session policies',
};

test('every decision → explained by a statement that applies, and by the step of its layer', () => {
  const cases = new Cases(7);
  for (let tried = 0; tried < 2000; tried++) {
    const question = questionOf(cases.next());
    const { outcome, layer, by } = decide(question);
    const explanation = explain(question);
    const applying = explanation.statements.filter(({ misses }) => misses.length === 0);
    const step = explanation.steps.find((one) => one.step === steps[layer]);
    expect(explanation.outcome).toBe(outcome);
    expect(applying.some(({ effect }) => effect === 'Deny')).toBe(outcome === 'explicit-deny');
    if (outcome === 'explicit-deny') expect(explanation.steps[0]).toMatchObject({ says: 'denies' });
    if (outcome === 'allow') expect(step).toMatchObject({ says: 'allows' });
    if (outcome === 'implicit-deny') expect(step?.says).toMatch(/^(does not allow|none)$/);
    if (by === undefined) continue;
    const effect = outcome === 'allow' ? 'Allow' : 'Deny';
    expect(applying).toContainEqual(expect.objectContaining({ layer, effect, number: by.index + 1 }));
  }
});
