/** A file system of a few MiB, mounted on a folder. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Mounts that must not outlive the process, however it ends. */
const mounted = new Set<string>();
process.once('exit', () => {
  for (const path of mounted) execFileSync('umount', ['--lazy', path]);
});

/** Mounts a tmpfs on a folder, which is made. Needs root, or a user namespace of one's own. */
export async function mountTmpfs(path: string, mebibytes: number): Promise<void> {
  await mkdir(path, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path]);
  mounted.add(path);
}

/** Files may still be open. */
export async function unmount(path: string): Promise<void> {
  mounted.delete(path);
  await run('umount', ['--lazy', path]);
}

const pieceBytes = 256 * 1024;

/** Writes a file until its file system has no room, and then gives so many bytes back. */
export async function takeAllSpace(path: string, leftBytes: number): Promise<void> {
  const file = await open(path, 'w');
  try {
    let bytes = 0;
    for (let size = pieceBytes; size >= 4096; ) {
      try {
        bytes += (await file.write(Buffer.alloc(size, 1), 0, size, bytes)).bytesWritten;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
        size /= 2;
      }
    }
    await file.truncate(Math.max(0, bytes - leftBytes));
  } finally {
    await file.close();
  }
}
