/** Runs the real command line as its users do: a process of its own, with its output and exit code. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
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

type Environment = Readonly<Record<string, string>>;
type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Runs `ninefold` with these arguments and this environment, beside PATH. */
export async function runNinefold(args: readonly string[], environment: Environment = {}): Promise<CommandResult> {
  const { child, exit } = start(args, environment);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, stdout, stderr };
}

/** The same, for the server of a test: with its port and its key. */
export function runNinefoldFor(
  daemon: Daemon,
  args: readonly string[],
  environment: Environment = {},
): Promise<CommandResult> {
  return runNinefold(args, { ...environmentFor(daemon), ...environment });
}

/** Runs one that goes on, reads its first lines, and then reads no more, upon which it must end by itself. */
export async function readNinefoldFor(daemon: Daemon, args: readonly string[], lines: number): Promise<string[]> {
  const { child, exit } = start(args, environmentFor(daemon));
  const read: string[] = [];
  for await (const line of createInterface(child.stdout)) if (read.push(line) === lines) break;
  child.stdout.destroy();
  child.stderr.resume();
  await exit;
  return read;
}

function start(args: readonly string[], environment: Environment): { child: Child; exit: Promise<number | null> } {
  const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
  const child = spawn(node, [join(repository, 'src/main.ts'), ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { child, exit };
}

function environmentFor({ port, accessKeyId, secretAccessKey }: Daemon): Environment {
  return {
    NINEFOLD_PORT: String(port),
    NINEFOLD_ACCESS_KEY_ID: accessKeyId,
    NINEFOLD_SECRET_ACCESS_KEY: secretAccessKey,
  };
}
