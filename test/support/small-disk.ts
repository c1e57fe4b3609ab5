/** A real file system of a few MiB, as a disk that fills up. */
import { writeFile } from 'node:fs/promises';
import { onTestFinished } from 'vitest';
import { mountTmpfs, unmount } from './small-file-system.ts';

/**
 * Mounts a tmpfs of so many MiB on a folder, which is made; it is gone when the test is over. Needs root: where it cannot be
 * mounted the test fails, as a disk that only claims to be full would prove nothing.
 */
export async function mountSmallDisk(path: string, mebibytes: number): Promise<void> {
  try {
    await mountTmpfs(path, mebibytes);
  } catch (cause) {
    throw new Error(`This test mounts a tmpfs, which takes root (or, as any user: unshare --mount --map-root-user)`, {
      cause,
    });
  }
  // Files may still be open when the test is over.
  onTestFinished(() => unmount(path));
}

/** A file that takes space which is not the store's. */
export async function takeSpace(path: string, bytes: number): Promise<void> {
  await writeFile(path, Buffer.alloc(bytes, 1));
}
