/** A real file system of a few MiB, as a disk that fills up. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

/**
 * Mounts a tmpfs of so many MiB on a folder, which is made; it is gone when the test is over. Needs root: where it cannot be
 * mounted the test fails, as a disk that only claims to be full would prove nothing.
 */
export async function mountSmallDisk(path: string, mebibytes: number): Promise<void> {
  await mkdir(path, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  } catch (cause) {
    throw new Error(`This test mounts a tmpfs, which takes root (or, as any user: unshare --mount --map-root-user)`, {
      cause,
    });
  }
  // Files may still be open when the test is over.
  onTestFinished(async () => void (await run('umount', ['--lazy', path])));
}

/** A file that takes space which is not the store's. */
export async function takeSpace(path: string, bytes: number): Promise<void> {
  await writeFile(path, Buffer.alloc(bytes, 1));
}
