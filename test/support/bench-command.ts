/** Runs the bench as a program, with its data in a folder of the test's. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('../..', import.meta.url));
const pinnedNode = join(repository, 'node_modules', '.bin', 'node');
/** The Node that npm scripts use, whatever runs the tests. */
export const benchNode = existsSync(pinnedNode) ? pinnedNode : process.execPath;

export interface BenchOutcome {
  readonly code: number;
  readonly output: string;
  readonly complaints: string;
}

export function runBench(dataFolder: string, ...args: readonly string[]): Promise<BenchOutcome> {
  return new Promise((resolve) => {
    const command = ['bench/main.ts', '--folder', dataFolder, ...args];
    execFile(benchNode, command, { cwd: repository }, (error, output, complaints) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output, complaints });
    });
  });
}
