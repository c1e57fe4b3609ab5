/**
 * What a disk must show before it is written again: that a file can be written, synced, read back and removed, and which
 * shard files it has, with their lengths.
 */
import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../lib/durable-files.ts';
import { randomHex } from '../lib/ids.ts';
import type { DiskGate } from './disk-gate.ts';
import { errorCode, segmentsFolder } from './disk-identity.ts';

/** Ends the name of a shard file that is written anew beside its place. */
const UNFINISHED = '.shard.new';
const PROBE_FILE = 'ninefold-disk.probe';
const PROBE_BYTES = 4096;
/** Files whose lengths are asked for in one probe, so that a long list is not taken for a disk that hangs. */
const FILES_PER_PROBE = 32;

export interface FoundFile {
  readonly name: string;
  readonly lengthBytes: number;
}

/** Rejects with what stands in the way of a durable write and its read-back. */
export async function writeProbe(diskPath: string): Promise<void> {
  const path = join(diskPath, PROBE_FILE);
  const written = Buffer.from(randomHex(PROBE_BYTES / 2));
  const read = Buffer.alloc(PROBE_BYTES);
  const file = await open(path, 'w+');
  try {
    await file.write(written, 0, PROBE_BYTES, 0);
    await file.sync();
    await file.read(read, 0, PROBE_BYTES, 0);
  } finally {
    await file.close();
  }
  if (!read.equals(written)) throw new Error('what was read back is not what was written');
  await unlink(path);
  await syncFolder(diskPath);
}

/** All shard files of a disk. Makes their folder if the disk has none, and removes those that were never finished. */
export async function listShardFiles({ path, gate }: { path: string; gate: DiskGate }): Promise<FoundFile[]> {
  const folder = segmentsFolder(path);
  const names = await gate.probe(async () => {
    // Without its disk's folder it must not be made: the disk may have gone again.
    await mkdir(folder).catch((error: unknown) => {
      if (errorCode(error) !== 'EEXIST') throw error;
    });
    return await readdir(folder);
  });
  const files: FoundFile[] = [];
  for (let at = 0; at < names.length; at += FILES_PER_PROBE) {
    files.push(...(await gate.probe(() => measureFiles(folder, names.slice(at, at + FILES_PER_PROBE)))));
  }
  return files;
}

async function measureFiles(folder: string, names: readonly string[]): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const name of names) {
    try {
      // What was being written when the process ended or the disk went.
      if (name.endsWith(UNFINISHED)) await unlink(join(folder, name));
      else files.push({ name, lengthBytes: (await stat(join(folder, name))).size });
    } catch (error) {
      // Removed since the folder was read.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
  return files;
}
