/** Drives a store's maintenance to its end, as the jobs would, and compares shard files with what they were. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import type { ErasureBlobStore } from '../../src/blob/store.ts';
import type { BlobDisks } from './blob-disks.ts';

/** Runs work to its end; returns the bytes it read and wrote. */
export async function finish(work: AsyncIterable<number>): Promise<number> {
  let bytes = 0;
  for await (const progress of work) bytes += progress;
  return bytes;
}

export async function scrubAll({ maintenance }: ErasureBlobStore): Promise<void> {
  for (const { segment } of maintenance.health()) await finish(maintenance.scrub(segment));
}

/** Repairs and moves until there is nothing more that can be. */
export async function mendAll({ maintenance }: ErasureBlobStore): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const waiting = maintenance.health().filter(({ repairable, movable }) => repairable + movable > 0);
    if (waiting.length === 0) return;
    for (const { segment } of waiting) {
      await finish(maintenance.repair(segment));
      await finish(maintenance.move(segment));
    }
  }
  throw new Error(`repair finds no end: ${JSON.stringify(maintenance.health())}`);
}

/** All shard files, whatever they are called, by their path from the disks' root. */
export async function allShardFiles(disks: BlobDisks, paths = disks.paths): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const disk of paths) {
    const folder = join(disk, 'segments');
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      files.set(relative(disks.root, path), await readFile(path));
    }
  }
  return files;
}

/** Every file is there again, byte by byte, and no other. */
export function expectSame(found: Map<string, Buffer>, expected: Map<string, Buffer>): void {
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [path, bytes] of expected) {
    if (!found.get(path)?.equals(bytes)) expect.fail(`${path} is not what it was`);
  }
}
