/** A folder in memory for what need not outlast a test: syncs cost nothing there. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const inMemory = '/dev/shm';

/** The folder in memory if it has room for so many bytes, otherwise the system's for temporary files. */
export function memoryFolder(bytesFreeMin: number): string {
  if (!existsSync(inMemory)) return tmpdir();
  const { bavail, bsize } = statfsSync(inMemory);
  return bavail * bsize >= bytesFreeMin ? inMemory : tmpdir();
}

const runPrefix = 'ninefold-run-';

/**
 * Makes a folder for everything that this run of the tests leaves, and removes those of runs that were killed: in memory
 * nothing else ever would. Returns it with the function that removes it.
 */
export function makeRunFolder(bytesFreeMin: number): { readonly folder: string; remove(): void } {
  const parent = memoryFolder(bytesFreeMin);
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(runPrefix) ? Number.parseInt(name.slice(runPrefix.length), 10) : Number.NaN;
    if (!Number.isNaN(pid) && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(parent, `${runPrefix}${process.pid}-`));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process lives too.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
