/**
 * Python clients of pinned versions, in virtual environments of their own under node_modules/.cache: made when first
 * asked for, kept until the pins or the Python change. Test files run side by side, so a lock file guards the making.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { isSlowRing } from '../support/ring.ts';

const run = promisify(execFile);
const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));

/** `new` sends checksums of its own accord, `old` does not (the defaults changed in January 2025). */
export type Generation = 'new' | 'old';
/** The quick ring has the new clients, the slow ring the old ones. */
export const generation: Generation = isSlowRing ? 'old' : 'new';

export type PythonClients =
  | { readonly interpreter: string; readonly missing: undefined }
  /** There is no usable Python; `missing` says what was looked for, for the reader of the test report. */
  | { readonly interpreter: undefined; readonly missing: string };

/** Long, for a slow package index: the making is done once. */
export const setupLimitMs = 480_000;

/** Clients of a generation, a server that is not ours, or a reader of files. */
type Packages = Generation | 'moto' | 'duckdb';

/**
 * The Python of an environment that has awscli and boto3 of one generation, moto, or DuckDB. Throws if Python is there but the packages
 * cannot be installed, with what pip said.
 */
export async function pythonClients(packages: Packages): Promise<PythonClients> {
  const pins = await readFile(new URL(`requirements-${packages}.txt`, import.meta.url), 'utf8');
  const python = await findPython();
  if (python.version === undefined) return { interpreter: undefined, missing: python.missing };
  const hash = createHash('sha256').update(`${pins}${python.version}`).digest('hex').slice(0, 12);
  const folder = join(cache, `ninefold-clients-${hash}`);
  const interpreter = join(folder, 'bin', 'python3');
  const ready = join(folder, 'ready');
  if (!existsSync(ready)) await underLock(`${folder}.lock`, ready, () => install(folder, packages));
  return { interpreter, missing: undefined };
}

async function findPython(): Promise<{ version: string; missing?: never } | { version?: never; missing: string }> {
  const probe =
    'import ensurepip, platform, sys, venv; assert sys.version_info >= (3, 10); print(platform.python_version())';
  try {
    const { stdout } = await run('python3', ['-c', probe]);
    return { version: stdout.trim() };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error);
    return { missing: `not run: it needs python3 (3.10 or later) with venv on the PATH (${reason})` };
  }
}

async function install(folder: string, packages: Packages): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const requirements = fileURLToPath(new URL(`requirements-${packages}.txt`, import.meta.url));
  // Python compiles what it uses when it does, which is a small part.
  const options = ['--quiet', '--disable-pip-version-check', '--no-compile', '--retries', '10', '--timeout', '60'];
  await run(join(folder, 'bin', 'python3'), ['-m', 'pip', 'install', ...options, '-r', requirements]);
  await writeFile(join(folder, 'ready'), '');
}

/** Makes what `ready` stands for, in one process at a time; a lock whose owner has died is taken over. */
async function underLock(lock: string, ready: string, make: () => Promise<void>): Promise<void> {
  await mkdir(cache, { recursive: true });
  await vi.waitFor(
    async () => {
      if (existsSync(ready)) return;
      await acquire(lock);
    },
    { timeout: setupLimitMs, interval: 250 },
  );
  if (existsSync(ready)) return;
  try {
    await make();
  } finally {
    await rm(lock, { force: true });
  }
}

/** Throws while another process that lives holds the lock. */
async function acquire(lock: string): Promise<void> {
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (owner > 0 && !isAlive(owner)) await rm(lock, { force: true });
  const file = await open(lock, 'wx');
  await file.writeFile(String(process.pid));
  await file.close();
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
