/** Space of the file system that a disk folder lies on, and when it counts as full. */
import { statfs } from 'node:fs/promises';

const RESERVE_BYTES_MAX = 256 * 1024 * 1024;
const RESERVE_SHARE_MAX = 1 / 20;
/** A full disk takes data again when it has this many times its reserve free, so that it does not change at every look. */
const RECOVERED_RESERVES = 1.125;

export interface DiskSpace {
  readonly sizeBytes: number;
  /** What may still be written. */
  readonly freeBytes: number;
}

export async function measureSpace(path: string): Promise<DiskSpace> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  // A file system with a table of inodes is as full without an inode as without a block; others say that they have none.
  const isOutOfInodes = files > 0 && ffree === 0;
  return { sizeBytes: blocks * bsize, freeBytes: isOutOfInodes ? 0 : bavail * bsize };
}

/** What is kept free of a file system where nothing else is configured. */
export function defaultReserveBytes({ sizeBytes }: DiskSpace): number {
  return Math.floor(Math.min(RESERVE_BYTES_MAX, sizeBytes * RESERVE_SHARE_MAX));
}

/** Whether a disk is full, given whether it was. */
export function isFullNow({ freeBytes }: DiskSpace, wasFull: boolean, reserveBytes: number): boolean {
  return freeBytes < (wasFull ? reserveBytes * RECOVERED_RESERVES : reserveBytes);
}
