/**
 * The ring of tests that take too long for every run, and those of the quick ring that try more cases here. First, three
 * files at once, since most of them wait now and then, on folders in memory where these have room for what they write. Then,
 * one after another, those that measure time and memory.
 */
import { availableParallelism, tmpdir } from 'node:os';
import { defineConfig, type UserWorkspaceConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { collectSeldom } from './test/support/engine-flags.ts';

/** Files of the quick ring that have more cases in this one (`test/support/ring.ts`). */
const widened = [
  'src/iam/policy/reference.test.ts',
  'test/clients/aws-cli.test.ts',
  'test/clients/boto3.test.ts',
  'test/storage/blob-loss-sets.test.ts',
  'test/storage/daemon-disk-loss.test.ts',
  'test/storage/engine-lifecycle-model.test.ts',
];
/** One needs more room than memory has; the other chooses its folders, and records all that its processes write. */
const elsewhere = ['test/clients/sync-tree.slow.test.ts', 'test/storage/crash/crash.slow.test.ts'];
const alone = ['test/storage/daemon-start.slow.test.ts', 'test/storage/memory.slow.test.ts'];

/** From minutes to one: begun last, one of these would keep a core alone at the end. */
const longest = ['crash', 'daemon-model', 'sync-tree', 'compressed-years', 'brokers', 'daemon-transitions'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const first = longest.flatMap((name) =>
      sorted.filter(({ moduleId }) => moduleId.endsWith(`/${name}.slow.test.ts`)),
    );
    return [...first, ...sorted.filter((file) => !first.includes(file))];
  }
}

const ring = { NINEFOLD_TEST_RING: 'slow' };

type Options = NonNullable<UserWorkspaceConfig['test']>;

function project(name: string, groupOrder: number, options: Options): { test: Options } {
  const limits = { testTimeout: 600_000, hookTimeout: 600_000 };
  return { test: { name, env: ring, execArgv: [...collectSeldom], sequence: { groupOrder }, ...limits, ...options } };
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      project('in memory', 1, {
        include: ['test/**/*.slow.test.ts', ...widened],
        exclude: [...elsewhere, ...alone],
        globalSetup: 'test/support/run-folder.ts',
        maxWorkers: 3,
      }),
      project('elsewhere', 1, {
        include: elsewhere,
        env: { ...ring, TMPDIR: tmpdir() },
        globalSetup: 'test/support/run-folder.ts',
        maxWorkers: 3,
        maxConcurrency: availableParallelism(),
      }),
      // What else the machine does may spoil a measurement, but hardly three of them.
      project('alone', 2, { include: alone, maxWorkers: 1, retry: 2 }),
    ],
  },
});
