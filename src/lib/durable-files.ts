/** Writing to disk so that a power cut finds it there: files whole or not at all, and the names in a folder. */
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes new, renamed and removed names of a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  await syncFile(path);
}

/** Makes what was written to a file durable. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes a file whole or not at all, durably. What a crash leaves of it is named `*.draft`. */
export async function writeDurably(path: string, chunks: readonly (Uint8Array | string)[]): Promise<void> {
  const draft = `${path}.draft`;
  try {
    const handle = await open(draft, 'w');
    try {
      for (const chunk of chunks) await handle.writeFile(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await renameDurably({ from: draft, to: path });
  } catch (error) {
    // What counts is the error; a draft that cannot be removed either is only in the way.
    await unlink(draft).catch(() => {});
    throw error;
  }
}

/** Gives a synced file its name, durably. Both names lie in one folder. */
export async function renameDurably({ from, to }: { from: string; to: string }): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}
