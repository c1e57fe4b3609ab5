import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/**/*.slow.test.ts'],
    globalSetup: 'test/support/run-folder.ts',
    // A process runs many files, one after another: starting one, and reading what most files import, takes longer than
    // most files do.
    isolate: false,
    // Most tests wait for disks and servers more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
