/** STYLE by test: each rule is proved on a small bad source, then held over every file of the repository. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ambientInputs, everyTestRuns, noSleeps, patientWaits, seededChance, strictTypes } from './tidy/call-rules.ts';
import { emptyNames, fileNames } from './tidy/name-rules.ts';
import { fileSize, functionSize, neighbouringParameters, parameterCount } from './tidy/size-rules.ts';
import { type Rule, readSources, report, sourceOf } from './tidy/source.ts';
import { noMachinePaths, noPostponedWork, noRegistryHosts, noSilencedChecks } from './tidy/text-rules.ts';

const rules: readonly Rule[] = [
  fileSize,
  functionSize,
  parameterCount,
  neighbouringParameters,
  fileNames,
  emptyNames,
  ambientInputs,
  seededChance,
  noSleeps,
  patientWaits,
  everyTestRuns,
  strictTypes,
  noPostponedWork,
  noSilencedChecks,
  noMachinePaths,
  noRegistryHosts,
];

/** What the rule finds in one file, without the places. */
function found(rule: Rule, path: string, text: string): readonly string[] {
  return rule.check(sourceOf(path, text)).map(({ what }) => what);
}

const lines = (count: number): string => 'x();\n'.repeat(count);
/** Words that the rules look for are put together here, so that this file does not hold them. */
const join = (...parts: readonly string[]): string => parts.join('');

describe('the repository', () => {
  const sources = readSources(fileURLToPath(new URL('..', import.meta.url)));

  test('has sources to look at', () => {
    expect(sources.map(({ path }) => path)).toContain('src/engine/types.ts');
  });

  test.for(rules)('$name', (rule) => {
    expect(report(sources.flatMap(rule.check), rule.advice)).toBe('');
  });
});

describe('a rule finds what it is for', () => {
  test('file of 401 lines → found, of 400 → not, generated → not', () => {
    expect(found(fileSize, 'src/a.ts', lines(401))).toEqual(['401 lines']);
    expect(found(fileSize, 'src/a.ts', lines(400))).toEqual([]);
    expect(found(fileSize, 'src/a.generated.ts', lines(401))).toEqual([]);
  });

  test('function of 71 lines → found by its name, of 70 → not, body of describe → not', () => {
    const body = (count: number): string => `{\n${lines(count - 2)}}`;
    expect(found(functionSize, 'src/a.ts', `function f() ${body(71)}`)).toEqual(['f: 71 lines']);
    expect(found(functionSize, 'src/a.ts', `function f() ${body(70)}`)).toEqual([]);
    expect(found(functionSize, 'src/a.ts', `const o = { m() ${body(71)} }`)).toEqual(['m: 71 lines']);
    expect(found(functionSize, 'src/a.ts', `const g = async () => ${body(71)}`)).toEqual(['g: 71 lines']);
    expect(found(functionSize, 'src/a.test.ts', `describe('x', () => ${body(71)})`)).toEqual([]);
    expect(found(functionSize, 'src/a.test.ts', `test('x', () => ${body(71)})`)).toEqual(['function: 71 lines']);
  });

  test('five parameters → found, four → not', () => {
    expect(found(parameterCount, 'src/a.ts', 'function f(a, b, c, d, e) {}')).toEqual(['f: 5 parameters']);
    expect(found(parameterCount, 'src/a.ts', 'interface I { g(a: A, b: B, c: C, d: D, e: E): void }')).toHaveLength(1);
    expect(found(parameterCount, 'src/a.ts', 'function f(a, b, c, d) {}')).toEqual([]);
  });

  test('neighbours of one primitive type → found, unless the field fixes their order', () => {
    const check = (parameters: string): readonly string[] =>
      found(neighbouringParameters, 'src/a.ts', `class C { m(${parameters}) {} }`);
    expect(check('from: string, to: string')).toEqual(['m: from and to are both string']);
    expect(check('size: number, count = 1')).toEqual(['m: size and count are both number']);
    expect(check('force?: boolean, quiet?: boolean')).toHaveLength(1);
    expect(check('start: number, end: number')).toEqual([]);
    expect(check('from: string, size: number, to: string')).toEqual([]);
    expect(check('from: Buffer, to: Buffer')).toEqual([]);
  });

  test('names that are not kebab-case, or say nothing → found', () => {
    expect(found(fileNames, 'src/putObject.ts', '')).toEqual(['the name putObject.ts']);
    expect(found(fileNames, 'src/Meta/a.ts', '')).toEqual(['the name Meta']);
    expect(found(fileNames, 'src/s3/put-object.test.ts', '')).toEqual([]);
    expect(found(emptyNames, 'src/string-utils.ts', '')).toEqual(['the name utils']);
    expect(found(emptyNames, 'src/common/a.ts', '')).toEqual(['the name common']);
    expect(found(emptyNames, 'src/a.ts', 'class BucketManager {}')).toEqual(['the class BucketManager']);
  });

  test.for([
    'process.env["A"]',
    'Date.now()',
    'new Date()',
    'Math.random()',
    'import { randomBytes } from "node:crypto"',
    'crypto.randomUUID()',
  ])('%s in product code → found, in config.ts, lib/ and tests → not', (code) => {
    expect(found(ambientInputs, 'src/s3/a.ts', code)).toHaveLength(1);
    expect(found(ambientInputs, 'src/config.ts', code)).toEqual([]);
    expect(found(ambientInputs, 'src/lib/a.ts', code)).toEqual([]);
    expect(found(ambientInputs, 'src/s3/a.test.ts', code)).toEqual([]);
  });

  test('new Date(ms) and the type Date → not found', () => {
    expect(found(ambientInputs, 'src/s3/a.ts', 'const d: Date = new Date(5)')).toEqual([]);
  });

  test('chance without a seed in a test → found', () => {
    expect(found(seededChance, 'test/a.test.ts', 'Math.random()')).toEqual(['Math.random']);
  });

  test('sleep in a test → found; a time limit → not', () => {
    expect(found(noSleeps, 'test/a.ts', 'await new Promise((done) => setTimeout(done, 5))')).toHaveLength(1);
    expect(found(noSleeps, 'test/a.ts', 'await new Promise((r) => { setTimeout(() => r(), 5); })')).toHaveLength(1);
    expect(found(noSleeps, 'test/a.ts', 'import { setTimeout } from "node:timers/promises"')).toHaveLength(1);
    expect(found(noSleeps, 'test/a.ts', 'new Promise((done, fail) => setTimeout(() => fail(e), 5))')).toEqual([]);
    expect(found(noSleeps, 'src/a.ts', 'await new Promise((done) => setTimeout(done, 5))')).toEqual([]);
  });

  test('a wait of a second in a test → found; one that says for how long → not', () => {
    for (const wait of ['vi.waitFor(check)', 'vi.waitUntil(check)', 'expect.poll(look)']) {
      expect(found(patientWaits, 'test/a.ts', `await ${wait}`)).toHaveLength(1);
      expect(found(patientWaits, 'test/a.ts', `await ${wait.replace(')', ', { timeout: 30_000 })')}`)).toEqual([]);
    }
  });

  // Texts for the rule to find: none of them is a test.
  test.for([
    'test.skip("", f)',
    'describe.only("", f)',
    'it.todo("")',
    'test.skipIf(x)("", f)',
    'test.concurrent.only("")',
  ])('%s → found', (code) => {
    expect(found(everyTestRuns, 'src/a.test.ts', code)).toHaveLength(1);
  });

  test('ctx.skip(reason) → allowed in test/clients alone', () => {
    expect(found(everyTestRuns, 'test/clients/a.test.ts', 'ctx.skip("no Python")')).toEqual([]);
    expect(found(everyTestRuns, 'test/operations/a.test.ts', 'ctx.skip("no Python")')).toEqual(['ctx.skip']);
  });

  test('any, ! and parameter properties → found', () => {
    expect(found(strictTypes, 'src/a.ts', 'const a = b as any;')).toEqual(['any']);
    expect(found(strictTypes, 'src/a.ts', 'const a = b!;')).toHaveLength(1);
    expect(found(strictTypes, 'src/a.ts', 'class A { constructor(private b: string) {} }')).toHaveLength(1);
    expect(found(strictTypes, 'src/a.ts', 'const a = b as unknown; if (!a) any();')).toEqual([]);
  });

  test('notes of work that is left → found', () => {
    expect(found(noPostponedWork, 'src/a.ts', join('// TO', 'DO: later'))).toHaveLength(1);
    expect(found(noPostponedWork, '.ci/run', join('# FIX', 'ME'))).toHaveLength(1);
    expect(found(noPostponedWork, 'src/a.ts', 'mkdtemp("XXXXXX")')).toEqual([]);
  });

  test('silenced checks → found, an explained biome-ignore → not', () => {
    expect(found(noSilencedChecks, 'src/a.ts', join('// @ts-', 'ignore'))).toHaveLength(1);
    expect(found(noSilencedChecks, 'src/a.ts', join('// @ts-', 'expect-error'))).toHaveLength(1);
    expect(found(noSilencedChecks, 'src/a.ts', join('// biome-', 'ignore lint/style/useConst'))).toHaveLength(1);
    expect(found(noSilencedChecks, 'src/a.ts', join('// biome-', 'ignore lint/style/useConst: it is so'))).toEqual([]);
    expect(found(noSilencedChecks, 'src/a.ts', join('// @ts-', 'expect-error a number is refused'))).toEqual([]);
  });

  test('paths of a machine and hosts of registries → found', () => {
    expect(found(noMachinePaths, 'README.md', join('cd /wo', 'rk/main'))).toHaveLength(1);
    expect(found(noMachinePaths, 'src/a.ts', join("'/ho", "me/me'"))).toHaveLength(1);
    expect(found(noMachinePaths, 'README.md', join('docs/wo', 'rk/main'))).toEqual([]);
    expect(found(noRegistryHosts, 'Dockerfile', join('FROM docker.', 'io/node'))).toHaveLength(1);
    expect(found(noRegistryHosts, 'package-lock.json', '"resolved": "https://host.example/a.tgz"')).toHaveLength(1);
  });
});
