/** Files of a zone's log folder: names, cuts, reads from an offset. */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeEpochFile } from './codec.ts';

const LOG_FILE = /^(\d{20})\.log$/;

/** A log file as the folder lists it. */
export interface LogFile {
  /** Sequence of its first record: its name. */
  readonly first: number;
  readonly sizeBytes: number;
}

export function logFilePath(folder: string, first: number): string {
  return join(folder, `${first.toString().padStart(20, '0')}.log`);
}

/** The log files of a folder in order. */
export async function listLogFiles(folder: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const first = LOG_FILE.exec(name)?.[1];
    if (first === undefined) continue;
    files.push({ first: Number(first), sizeBytes: (await stat(join(folder, name))).size });
  }
  return files;
}

export async function truncateDurably(path: string, sizeBytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(sizeBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function epochPath(folder: string): string {
  return join(folder, 'epoch');
}

/** The largest epoch that a copy was promised to; undefined if it never was or its file does not say. */
export async function readEpoch(folder: string): Promise<number | undefined> {
  try {
    return decodeEpochFile(await readFile(epochPath(folder)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The bytes of a file from `start` until `end`, or its end if that comes first. */
export async function readBytes(path: string, range: { start: number; end?: number }): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const end = Math.min(range.end ?? Number.POSITIVE_INFINITY, (await handle.stat()).size);
    const bytes = Buffer.alloc(Math.max(0, end - range.start));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, range.start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** Whether an error says that there is no such file or folder. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
