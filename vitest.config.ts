import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { collectSeldom } from './test/support/engine-flags.ts';

/** Files that run servers take longest, however short they are: begun last, one would keep the others waiting. */
class ServersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const runsServers = ({ moduleId }: TestSpecification) => /\/(daemon-|clients\/)/.test(moduleId);
    return [...sorted.filter(runsServers), ...sorted.filter((file) => !runsServers(file))];
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
    globalSetup: 'test/support/run-folder.ts',
    execArgv: [...collectSeldom],
    // A process runs many files, one after another: starting one, and reading what most files import, takes longer than
    // most files do.
    isolate: false,
    // Many tests wait for servers, limits and jobs: on a small machine one file more than there are cores keeps these busy.
    sequence: { sequencer: ServersFirst },
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // More than a server may take to start, and than what is waited for may take to come true: these say what it was.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
