/** The rules of the evaluator, each taken out: the tests beside it must tell. */
import type { MutatedFile, Target } from './mutation.ts';

const decide: MutatedFile = {
  file: 'src/iam/policy/decide.ts',
  askFirst: 'src/iam/policy/decide.test.ts',
  mutations: [
    ["a resource's policy denies", "if (resource.denial) return denied('resource', resource.denial);", ''],
    ['a policy of the identity denies', "if (identity.denial) return denied('identity', identity.denial);", ''],
    ['a boundary denies', "if (boundary?.denial) return denied('boundary', boundary.denial);", ''],
    ["a session's policy denies", "if (session?.denial) return denied('session', session.denial);", ''],
    ['an ACL grants', "resource.match !== 'none' || isGrantedByAcl;", "resource.match !== 'none';"],
    [
      'who has no account needs nothing else than a grant',
      "if (principal.accountId === '') return isGranted ? allowed('resource', resource) : missing('resource');",
      '',
    ],
    [
      'another account needs a grant',
      '!isGranted && (!isOwn || question.needsResourcePolicy)',
      '!isGranted && question.needsResourcePolicy',
    ],
    ['a trust policy must allow', '(!isOwn || question.needsResourcePolicy)', '!isOwn'],
    ['who is named directly needs nothing else', "if (isOwn && resource.match === 'direct')", 'if (false)'],
    [
      'and that only within the account',
      "if (isOwn && resource.match === 'direct')",
      "if (resource.match === 'direct')",
    ],
    ["a session's role that is named is given", "isOwn && resource.match === 'role'", 'false'],
    ['and only within the account', "isOwn && resource.match === 'role'", "resource.match === 'role'"],
    ['somebody must give', "if (!isGivenByResource && !isGivenByIdentity) return missing('identity');", ''],
    ['root needs no policy', "question.permissions.identity === 'all' || identity", 'identity'],
    [
      'a boundary must allow',
      "if (verdicts.boundary && !verdicts.boundary.permission) return missing('boundary');",
      '',
    ],
    [
      "a session's policies must allow",
      "if (verdicts.session && !verdicts.session.permission) return missing('session');",
      '',
    ],
    [
      'denials count before permissions',
      "[...denying, ...about.filter(({ statement }) => statement.effect === 'Allow')]",
      'about',
    ],
    [
      'a statement of an identity must apply',
      'if (!appliesTo(statement, resource, context)) continue;\n    const by',
      'const by',
    ],
    [
      "a statement of a resource's policy must apply",
      'if (!appliesTo(statement, resource, context)) continue;\n    if (isDenial)',
      'if (isDenial)',
    ],
    ["who a resource's policy does not name, it does not mean", "match === 'none' || (!isDenial", '(!isDenial'],
    ['the most direct naming counts', 'directness[match] <= directness[best.match]', 'false'],
    [
      "what a resource's policy allows may not count",
      'if (!isDenial && question.resourcePolicyOnlyDenies) continue;',
      '',
    ],
    [
      'NotPrincipal spares nobody with a boundary',
      'matcher?.(principal, permissions.boundary !== undefined)',
      'matcher?.(principal, false)',
    ],
  ],
};

const compile: MutatedFile = {
  file: 'src/iam/policy/compile.ts',
  askFirst: 'src/iam/policy/decide.test.ts',
  mutations: [
    ['a statement is about its resources', 'if (!resource(arn, context)) return false;', ''],
    ['all conditions must hold', 'if (!condition.holds(context)) return false;', ''],
    ['NotAction', 'matches(action)) !== isNot', 'matches(action))'],
    ['the case of actions does not count', 'action.toLowerCase()', 'action'],
    ['nor in policies', 'value.toLowerCase()', 'value'],
    ['NotResource', 'if (!resource.isNot) return matchesAny;', 'return matchesAny;'],
    ['NotResource leaves out what nobody knows', ' && isKnown(context)', ''],
    [
      'several resources, any of which fits',
      'matchers.some((matches) => matches(arn',
      'matchers.every((matches) => matches(arn',
    ],
  ],
};

const conditions: MutatedFile = {
  file: 'src/iam/policy/conditions.ts',
  askFirst: 'src/iam/policy/conditions.test.ts',
  mutations: [
    ['IfExists', 'ifExists || whereMissing', 'whereMissing'],
    ['Null: true', '? asksMissing :', '? false :'],
    ['Null: false', ': asksPresent', ': false'],
    ['negated operators', 'return isNegated ? (actual', 'return false ? (actual'],
    ['a negated operator holds where the key is missing', 'return isNegated;', 'return false;'],
    ['all of no values hold', "return quantifier === 'all';", 'return false;'],
    ['ForAllValues', "quantifier === 'all' || (", '('],
    ['a negated operator means all of several values', 'quantifier === undefined && operator.isNegated', 'false'],
    ['any of the values of a key', 'comparisons.some((compare)', 'comparisons.every((compare)'],
  ],
};

const operators: MutatedFile = {
  file: 'src/iam/policy/operators.ts',
  askFirst: 'src/iam/policy/conditions.test.ts',
  mutations: [
    ['operators that ignore case', 'ignoresCase ? value.toLowerCase() : value', 'value'],
    [
      'StringEquals has no wildcards',
      "'StringNotEquals', text({ hasWildcards: false })",
      "'StringNotEquals', text({ hasWildcards: true })",
    ],
    [
      'StringLike has wildcards',
      "'StringNotLike', text({ hasWildcards: true })",
      "'StringNotLike', text({ hasWildcards: false })",
    ],
    ['a number that is none equals nothing', 'test(text) ? Number(text) : undefined', 'test(text) ? Number(text) : 0'],
    ['a date may be seconds', 'if (/^-?\\d+(\\.\\d+)?$/.test(text)) return Number(text) * 1000;', ''],
    ['a time without a zone is UTC', ': `${text}Z`', ': text'],
    ['Bool takes true and false', 'if (!/^(true|false)$/i.test(expected) &&', 'if (false &&'],
    ['BinaryEquals compares bytes', "Buffer.from(actual, 'base64').equals(bytes)", 'true'],
    ['IpAddress', 'address !== undefined && containsRange(range, address)', 'address !== undefined'],
    [
      'what is no ARN matches none',
      "if (!expected.startsWith('arn:') && !expected.startsWith('${')) return undefined;",
      '',
    ],
  ],
};

const smaller: readonly MutatedFile[] = [
  {
    file: 'src/iam/policy/ip-range.ts',
    askFirst: 'src/iam/policy/conditions.test.ts',
    mutations: [
      ['families do not mix', 'outer.width !== inner.width || ', ''],
      ['a range is not in a smaller one', ' || inner.prefixLength < outer.prefixLength', ''],
      ['an IPv4 address in the form of IPv6 is one', 'mappedPattern.exec(text)?.[1] ?? text', 'text'],
    ],
  },
  {
    file: 'src/iam/policy/template.ts',
    askFirst: 'src/iam/policy/decide.test.ts',
    mutations: [
      ['the older version has no variables', "if (!hasVariables || !text.includes('${'))", "if (!text.includes('${'))"],
      ['a default', 'return Array.isArray(value) ? undefined : fallback;', 'return undefined;'],
      ['several values are none', 'return Array.isArray(value) ? undefined : fallback;', 'return fallback;'],
      ['a value is no pattern', 'glob.push(...literalGlob(value));', 'glob.push(...wildGlob(value));'],
      ['${*} is a star', "if (inside === '*' || ", 'if ('],
      [
        'a variable without a value matches nothing',
        'if (value === undefined) return undefined;',
        'if (value === undefined) continue;',
      ],
    ],
  },
  {
    file: 'src/iam/policy/arn-pattern.ts',
    askFirst: 'src/iam/policy/arn-pattern.test.ts',
    mutations: [
      ['parts left out match anything', 'while (parts.length < partCount) parts.push([[anyRun]]);', ''],
      ['a wildcard stays in its part', "values[at] ?? ''", "values.slice(at).join(':')"],
    ],
  },
  {
    file: 'src/iam/policy/glob.ts',
    askFirst: 'src/iam/policy/glob.test.ts',
    mutations: [
      ['a question mark is one character', 'code === anyOne || ', ''],
      ['a star gives back', 'at = ++resumeAt;', 'return false;'],
      ['a star may be nothing', 'while (glob[in_] === anyRun) in_++;', ''],
    ],
  },
  {
    file: 'src/iam/policy/principals.ts',
    askFirst: 'src/iam/policy/decide.test.ts',
    mutations: [
      ['a star is everybody', "if (this.#everybody) return 'direct';", ''],
      ['"AWS": "*" means the nameless too', "return this.#everyAccount ? 'direct' : 'none';", "return 'none';"],
      ['"AWS": "*" means every account', 'if (this.#everyAccount || this.#arns', 'if (this.#arns'],
      ['a service', 'this.#services.has(name)', 'false'],
      ['an identity provider', 'this.#providers.has(name)', 'false'],
      ['the ARN', 'this.#everyAccount || this.#arns.has(principal.arn)', 'this.#everyAccount'],
      [
        'the role of a session',
        "if (principal.roleArn !== undefined && this.#arns.has(principal.roleArn)) return 'role';",
        '',
      ],
      ['the account', 'return this.#accounts.has(accountId) || ', 'return '],
      ['the canonical id', ' || this.#canonicalIds.has(canonicalId)', ''],
      ['NotPrincipal: a boundary', "if (hasBoundary) return 'direct';", ''],
      ['NotPrincipal: everybody', "if (this.#everybody) return 'none';", ''],
      ['NotPrincipal: every account', "if (this.#everyAccount) return 'none';", ''],
      ['NotPrincipal: the account must be listed', 'this.#namesAccount(principal) &&', ''],
      ['NotPrincipal: who asks must be listed', "(principal.kind === 'root' || this.#arns.has(arn)) &&", ''],
      ['NotPrincipal: but for root', "(principal.kind === 'root' || this.#arns.has(arn))", 'this.#arns.has(arn)'],
      ['NotPrincipal: the role must be listed', '(roleArn === undefined || this.#arns.has(roleArn))', 'true'],
    ],
  },
  {
    file: 'src/iam/policy/permissions.ts',
    askFirst: 'src/iam/policy/permissions.test.ts',
    mutations: [
      [
        'a policy that cannot be read denies',
        'return { name, policy: denyAll };',
        'return { name, policy: compilePolicy({ hasVariables: false, statements: [] }) };',
      ],
      ["a policy of root's that is absent is all", "?? 'all'", '?? []'],
    ],
  },
];

export const evaluator: Target = {
  name: 'evaluator',
  files: [decide, compile, conditions, operators, ...smaller],
  tests: ['src/iam/policy/'],
};
