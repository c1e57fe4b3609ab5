/** Calls and types that code here does not use. */
import { type AstNode, dottedName, isNode, lineAt, nodesOf, walk } from './ast.ts';
import { type Finding, isProduct, isTest, type Rule, type Source } from './source.ts';

type Check = (node: AstNode, ancestors: readonly AstNode[]) => string | undefined;

function findNodes(source: Source, check: Check): readonly Finding[] {
  const findings: Finding[] = [];
  if (source.tree === undefined) return findings;
  walk(source.tree, (node, ancestors) => {
    const what = check(node, ancestors);
    if (what !== undefined) findings.push({ path: source.path, line: lineAt(source.text, node.start), what });
  });
  return findings;
}

/** What may only be met in config.ts and lib/, as anything else must be told: environment, time, chance. */
const ambient = new Set(['process.env', 'Date.now', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues']);
const random = new Set(['randomBytes', 'randomUUID', 'randomInt', 'randomFill', 'randomFillSync']);

export const ambientInputs: Rule = {
  name: 'environment, time and chance are read in src/config.ts and src/lib/ only',
  advice: 'take a Clock (src/lib/clock.ts), ids from src/lib/ids.ts, and settings by constructor.',
  check(source) {
    const { path } = source;
    if (!isProduct(path) || path === 'src/config.ts' || path.startsWith('src/lib/')) return [];
    return findNodes(source, (node) => {
      const name = dottedName(node);
      if (node.type === 'MemberExpression' && name !== undefined && ambient.has(name)) return name;
      const imported = node.type === 'ImportSpecifier' ? dottedName(node['imported']) : undefined;
      if (imported !== undefined && random.has(imported)) return imported;
      const bareDate = node.type === 'NewExpression' && dottedName(node['callee']) === 'Date';
      return bareDate && nodesOf(node['arguments']).length === 0 ? 'new Date() without an argument' : undefined;
    });
  },
};

export const seededChance: Rule = {
  name: 'tests draw no numbers that cannot be drawn again',
  advice: 'use fast-check, or a generator with a seed that the failure prints.',
  check(source) {
    if (!isTest(source.path)) return [];
    return findNodes(source, (node) => (dottedName(node) === 'Math.random' ? 'Math.random' : undefined));
  },
};

export const noSleeps: Rule = {
  name: 'tests do not sleep',
  advice: 'wait for the condition itself (eventually, an event) or drive the clock.',
  check(source) {
    if (!isTest(source.path)) return [];
    return findNodes(source, (node, ancestors) => {
      const from = node.type === 'ImportDeclaration' && isNode(node['source']) ? node['source']['value'] : undefined;
      if (from === 'node:timers/promises') return 'node:timers/promises';
      const isTimer = node.type === 'CallExpression' && dottedName(node['callee']) === 'setTimeout';
      return isTimer && isPromiseOfDelay(node, ancestors) ? 'a promise that only waits for setTimeout' : undefined;
    });
  },
};

const waits = new Set(['vi.waitFor', 'vi.waitUntil', 'expect.poll']);

export const patientWaits: Rule = {
  name: 'tests wait for longer than the second that is the default',
  advice: 'use eventually (test/support/eventually.ts), or say for how long: a busy machine needs more.',
  check(source) {
    if (!isTest(source.path)) return [];
    return findNodes(source, (node) => {
      if (node.type !== 'CallExpression' || nodesOf(node['arguments']).length > 1) return undefined;
      const name = dottedName(node['callee']) ?? '';
      return waits.has(name) ? `${name} without a limit of its own` : undefined;
    });
  },
};

/** `new Promise((done) => setTimeout(done, …))`: what the timer calls is the promise's own resolve. */
function isPromiseOfDelay(timer: AstNode, ancestors: readonly AstNode[]): boolean {
  const promise = ancestors.findLast((node) => node.type === 'NewExpression');
  if (promise === undefined || dottedName(promise['callee']) !== 'Promise') return false;
  const executor = nodesOf(promise['arguments'])[0];
  const resolve = dottedName(nodesOf(executor?.['params'])[0]);
  const callback = nodesOf(timer['arguments'])[0];
  if (resolve === undefined || callback === undefined) return false;
  let calls = dottedName(callback) === resolve;
  walk(callback, (node) => {
    if (node.type === 'CallExpression' && dottedName(node['callee']) === resolve) calls = true;
  });
  return calls;
}

export const everyTestRuns: Rule = {
  name: 'every test runs',
  advice:
    'repair the test or delete it. Only test/clients may skip, by ctx.skip(reason), where the machine lacks the client.',
  check(source) {
    if (!isTest(source.path)) return [];
    return findNodes(source, (node) => {
      if (node.type !== 'MemberExpression') return undefined;
      const name = dottedName(node) ?? '';
      if (/^(test|it|describe|suite)\..*\b(skip|only|todo|skipIf|runIf|fails)$/.test(name)) return name;
      return /^(ctx|context)\.skip$/.test(name) && !source.path.startsWith('test/clients/') ? name : undefined;
    });
  },
};

export const strictTypes: Rule = {
  name: 'types are kept: no any, no !, no parameter properties',
  advice: 'take unknown and check it, or state the type; outside data goes through a schema or a guard.',
  check(source) {
    return findNodes(source, (node) => {
      if (node.type === 'TSAnyKeyword') return 'any';
      if (node.type === 'TSNonNullExpression') return 'a non-null assertion';
      return node.type === 'TSParameterProperty' ? 'a parameter property' : undefined;
    });
  },
};
