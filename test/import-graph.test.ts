/** The layers of the source tree, read from its imports. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { findCycles, findMissing, homesOfModules, layering, productStandsAlone } from './tidy/import-rules.ts';
import { type Rule, readSources, report, sourceOf } from './tidy/source.ts';

const rules: readonly Rule[] = [layering, homesOfModules, productStandsAlone];

function found(rule: Rule, path: string, text: string): readonly string[] {
  return rule.check(sourceOf(path, text)).map(({ what }) => what);
}

describe('the repository', () => {
  const sources = readSources(fileURLToPath(new URL('..', import.meta.url)));
  const code = sources.filter(({ path }) => /^(src|test|bench)\/.*\.ts$/.test(path));

  test.for(rules)('$name', (rule) => {
    expect(report(code.flatMap(rule.check), rule.advice)).toBe('');
  });

  test('no file imports itself by way of others', () => {
    const cycles = findCycles(code).map((cycle) => cycle.join(' → '));
    expect(cycles, 'move what both sides need into a file of its own').toEqual([]);
  });

  test('every relative import names a file that is there', () => {
    expect(report(findMissing(code), 'name the file with its ending, .ts')).toBe('');
  });
});

describe('a rule finds what it is for', () => {
  test.for([
    ['src/s3/a.ts', '../meta/records.ts', 's3 imports meta (src/meta/records.ts)'],
    ['src/s3/auth/a.ts', '../../blob/types.ts', 's3 imports blob (src/blob/types.ts)'],
    ['src/meta/a.ts', '../blob/types.ts', 'meta imports blob (src/blob/types.ts)'],
    ['src/blob/a.ts', '../meta/types.ts', 'blob imports meta (src/meta/types.ts)'],
    ['src/engine/a.ts', '../s3/errors.ts', 'engine imports s3 (src/s3/errors.ts)'],
    ['src/iam/a.ts', '../s3/errors.ts', 'iam imports s3 (src/s3/errors.ts)'],
    ['src/engine/a.ts', '../iam/policy/decide.ts', 'engine imports iam/policy (src/iam/policy/decide.ts)'],
    ['src/iam/policy/a.ts', '../identity.ts', 'iam/policy imports iam (src/iam/identity.ts)'],
    ['src/iam/policy/a.ts', '../../engine/types.ts', 'iam/policy imports engine (src/engine/types.ts)'],
    ['src/lib/a.ts', '../engine/types.ts', 'lib imports engine (src/engine/types.ts)'],
    ['src/iam/a.ts', '../meta/records.ts', 'iam imports meta (src/meta/records.ts)'],
    ['src/engine/a.ts', '../iam/identity.ts', 'engine imports iam (src/iam/identity.ts)'],
    ['src/s3/a.ts', '../config.ts', 's3 imports top (src/config.ts)'],
    ['src/jobs/a.ts', '../s3/errors.ts', 'jobs imports s3 (src/s3/errors.ts)'],
    ['src/admin/a.ts', '../s3/errors.ts', 'admin imports s3 (src/s3/errors.ts)'],
    ['src/s3/a.ts', '../admin/admin.ts', 's3 imports admin (src/admin/admin.ts)'],
    ['src/daemon.ts', './command-line/run.ts', 'top imports command-line (src/command-line/run.ts)'],
  ] as const)('%s imports %s → found, as a type too', ([path, from, what]) => {
    expect(found(layering, path, `import { x } from '${from}';`)).toEqual([what]);
    expect(found(layering, path, `import type { X } from '${from}';`)).toEqual([what]);
    expect(found(layering, path, `export * from '${from}';`)).toEqual([what]);
    expect(found(layering, path, `await import('${from}');`)).toEqual([what]);
  });

  test.for([
    ['src/s3/a.ts', '../engine/types.ts'],
    ['src/s3/operations/a.ts', '../errors.ts'],
    ['src/s3/a.ts', '../iam/policy/decide.ts'],
    ['src/iam/a.ts', './policy/decide.ts'],
    ['src/s3/a.ts', '../iam/identity.ts'],
    ['src/engine/a.ts', '../meta/records.ts'],
    ['src/daemon.ts', './blob/store.ts'],
    ['src/command-line/serve.ts', '../daemon.ts'],
    ['src/main.ts', './command-line/run.ts'],
    ['src/blob/a.ts', '../lib/clock.ts'],
  ] as const)('%s imports %s → allowed', ([path, from]) => {
    expect(found(layering, path, `import { x } from '${from}';`)).toEqual([]);
  });

  test('a folder without a place → found', () => {
    expect(found(layering, 'src/extras/a.ts', '')).toEqual(['src/extras/ has no place among the layers']);
  });

  test.for([
    ['src/engine/a.ts', 'better-sqlite3'],
    ['src/s3/pipeline.ts', 'fastify'],
    ['src/s3/a.ts', 'node:fs/promises'],
    ['src/engine/a.ts', 'node:fs'],
    ['src/s3/a.ts', '@aws-sdk/client-s3'],
    ['src/blob/a.ts', 'zod'],
    ['src/event-delivery.ts', '@nats-io/transport-node'],
  ] as const)('%s imports %s → found', ([path, from]) => {
    expect(found(homesOfModules, path, `import x from '${from}';`)).toEqual([`imports ${from}`]);
  });

  test.for([
    ['src/meta/a.ts', "import Database from 'better-sqlite3'"],
    ['src/s3/server.ts', "import fastify from 'fastify'"],
    ['src/s3/a.ts', "import type { PutObjectInput } from '@aws-sdk/client-s3'"],
    ['src/s3/model/generate.ts', "import * as s3 from '@aws-sdk/client-s3'"],
    ['src/data-folder.ts', "import { mkdir } from 'node:fs/promises'"],
  ] as const)('%s: %s → allowed', ([path, text]) => {
    expect(found(homesOfModules, path, text)).toEqual([]);
  });

  test('a black-box test that imports the product → found', () => {
    expect(
      found(productStandsAlone, 'test/operations/a.test.ts', "import { x } from '../../src/config.ts'"),
    ).toHaveLength(1);
    expect(found(productStandsAlone, 'test/storage/a.test.ts', "import { x } from '../../src/config.ts'")).toEqual([]);
    expect(found(productStandsAlone, 'src/s3/a.ts', "import { x } from '../../test/support/daemon.ts'")).toHaveLength(
      1,
    );
  });

  test('a circle of imports → found once, with the way', () => {
    const cycles = findCycles([
      sourceOf('src/a.ts', "import './b.ts'"),
      sourceOf('src/b.ts', "import type { C } from './c.ts'"),
      sourceOf('src/c.ts', "export * from './b.ts'"),
    ]);
    expect(cycles).toEqual([['src/b.ts', 'src/c.ts', 'src/b.ts']]);
  });

  test('an import of a file that is not there → found', () => {
    expect(findMissing([sourceOf('src/a.ts', "import './b'")])).toHaveLength(1);
  });
});
