/** Runs the real command line as its users do: a process of its own, with its output and exit code. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Daemon } from './daemon.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const pinnedNode = join(repository, 'node_modules', '.bin', 'node');

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `ninefold` with these arguments and this environment, beside PATH. */
export async function runNinefold(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
  const child = spawn(node, [join(repository, 'src/main.ts'), ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, stdout, stderr };
}

/** The same, for the server of a test: with its port and its key. */
export function runNinefoldFor(
  daemon: Daemon,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runNinefold(args, {
    NINEFOLD_PORT: String(daemon.port),
    NINEFOLD_ACCESS_KEY_ID: daemon.accessKeyId,
    NINEFOLD_SECRET_ACCESS_KEY: daemon.secretAccessKey,
    ...environment,
  });
}
