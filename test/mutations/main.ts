/**
 * `npm run mutations -- [evaluator|gate] [WORDS OF A RULE]`
 *
 * Takes each rule of access out of a copy of the source in turn, and runs the quick tests that should tell. Exits with 1 if
 * one is not told of, or if a text in the lists is no longer in the source.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { makeRunFolder } from '../support/memory-folder.ts';
import { evaluator } from './evaluator.ts';
import { gate } from './gate.ts';
import type { Mutation, Target } from './mutation.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const copied = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts', 'config.example.yaml', 'docs'];
/** For the copy, without what its tests write. */
const copyBytesMax = 256 * 1024 * 1024;

const reportSchema = z.object({
  success: z.boolean(),
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

/** The first test that fails; undefined if all pass. Throws if they cannot run. */
async function firstFailure(copy: string, tests: readonly string[]): Promise<string | undefined> {
  const out = join(copy, 'report.json');
  await rm(out, { force: true });
  const runner = join(repository, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [runner, 'run', '--bail=1', '--reporter=json', `--outputFile=${out}`, ...tests];
  const child = spawn(process.execPath, args, { cwd: copy, stdio: 'ignore' });
  await once(child, 'exit');
  const { success, testResults } = reportSchema.parse(JSON.parse(await readFile(out, 'utf8')));
  const failed = testResults.flatMap((file) => file.assertionResults.filter(({ status }) => status === 'failed'));
  if (!success && failed.length === 0) throw new Error(testResults.map(({ message }) => message).join('\n'));
  return failed[0]?.fullName;
}

interface Place {
  /** Folder of the copied source. */
  readonly copy: string;
  readonly file: string;
  /** Test files to ask, one group after the other. */
  readonly tests: readonly (readonly string[])[];
}

/** Takes a rule out and puts it back. Returns what is wrong; undefined if a test has told. */
async function take([rule, text, replacement]: Mutation, { copy, file, tests }: Place): Promise<string | undefined> {
  const path = join(copy, file);
  const source = await readFile(path, 'utf8');
  const [before, after, ...more] = source.split(text);
  if (after === undefined || more.length > 0) return `${file} does not have this text just once: ${text}`;
  await writeFile(path, `${before}${replacement}${after}`);
  try {
    for (const group of tests) {
      const told = await firstFailure(copy, group);
      if (told === undefined) continue;
      process.stdout.write(`${file}, ${rule}: told by "${told}"\n`);
      return undefined;
    }
    return `${file}, ${rule}: no test tells that this was taken out: ${text}`;
  } catch (error) {
    return `${file}, ${rule}: the tests cannot run: ${String(error)}`;
  } finally {
    await writeFile(path, source);
  }
}

/** Takes out what has these words in the name of its rule, one after the other. */
async function play(copy: string, { name, files, tests }: Target, words: string): Promise<string[]> {
  const broken = await firstFailure(copy, tests);
  if (broken !== undefined) return [`The tests of the ${name} fail as it is: ${broken}`];
  const wrong: string[] = [];
  for (const { file, mutations, askFirst } of files) {
    const place = { copy, file, tests: [...(askFirst === undefined ? [] : [[askFirst]]), tests] };
    for (const mutation of mutations.filter(([rule]) => rule.includes(words))) {
      const found = await take(mutation, place);
      if (found === undefined) continue;
      process.stdout.write(`WRONG ${found}\n`);
      wrong.push(found);
    }
  }
  return wrong;
}

const [name, words = ''] = process.argv.slice(2);
const targets = [evaluator, gate].filter((target) => name === undefined || target.name === name);
const { folder: copy, remove } = makeRunFolder(copyBytesMax);
try {
  for (const entry of copied) await cp(join(repository, entry), join(copy, entry), { recursive: true });
  await symlink(join(repository, 'node_modules'), join(copy, 'node_modules'));
  const wrong: string[] = [];
  for (const target of targets) wrong.push(...(await play(copy, target, words)));
  process.stdout.write(`${wrong.length} wrong\n`);
  if (wrong.length > 0) process.exitCode = 1;
} finally {
  remove();
}
