/** Processes of the Node that npm scripts use, whatever runs the tests. They do not outlive the tests, however these end. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const pinnedNode = join(repository, 'node_modules', '.bin', 'node');
const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;

/** Starts one, in the folder of the repository, with this environment beside PATH and the compile cache of the run. */
export function spawnNode(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  stdio: NonNullable<SpawnOptions['stdio']> = ['ignore', 'pipe', 'pipe'],
): ChildProcess {
  const child = spawn(node, args, {
    cwd: repository,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...environment,
    },
    stdio,
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** The runner stops its workers by signal. */
const running = new Set<ChildProcess>();
const killRunning = (): void => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', killRunning);
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killRunning();
    process.exit();
  });
}
