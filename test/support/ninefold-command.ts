/** Runs the real command line as its users do: a process of its own, with its output and exit code. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Daemon } from './daemon.ts';
import { spawnNode } from './node-process.ts';
import { ServerHost } from './server-host.ts';

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;
type Child = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

/** Runs `ninefold` with these arguments and this environment, beside PATH. */
export async function runNinefold(args: readonly string[], environment: Environment = {}): Promise<CommandResult> {
  const { child, exit } = start(args, environment);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit]);
  return { code, stdout, stderr };
}

/** The same, for the server of a test: with its port and its key, and in its process where others share that. */
export async function runNinefoldFor(
  daemon: Daemon,
  args: readonly string[],
  environment: Environment = {},
): Promise<CommandResult> {
  const surroundings = { ...environmentFor(daemon), ...environment };
  if (!daemon.isHosted) return await runNinefold(args, surroundings);
  const { code = null, stdout = '', stderr = '' } = await ServerHost.ofThisProcess().run(args, surroundings);
  return { code, stdout, stderr };
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
  const child = spawnNode(['src/main.ts', ...args], environment);
  if (!hasOutput(child)) throw new Error('the process has no output');
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { child, exit };
}

function hasOutput(child: ChildProcess): child is Child {
  return child.stdout !== null && child.stderr !== null;
}

function environmentFor({ port, accessKeyId, secretAccessKey }: Daemon): Environment {
  return {
    NINEFOLD_PORT: String(port),
    NINEFOLD_ACCESS_KEY_ID: accessKeyId,
    NINEFOLD_SECRET_ACCESS_KEY: secretAccessKey,
  };
}
