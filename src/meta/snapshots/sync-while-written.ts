/**
 * Syncs a file from time to time while another thread writes it, so that little is left for the sync at its end. A disk
 * that must take a large file in one go lets the log's syncs wait.
 */
import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

/** What is written in such a time keeps others waiting for a few milliseconds only. */
const PAUSE_MS = 2;

/**
 * Settles once `written` has, which is when the file has been written and synced; as it does, or with what a sync on the
 * way met: the system tells of a failed sync once, and the last one may not hear of it.
 */
export async function syncWhileWritten<T>(path: string, written: Promise<T>): Promise<T> {
  let isWritten = false;
  const end = (): void => {
    isWritten = true;
  };
  const ended = written.then(end, end);
  try {
    while (!isWritten) {
      await Promise.race([ended, setTimeout(PAUSE_MS, undefined, { ref: false })]);
      if (!isWritten) await syncWhatIsThere(path);
    }
  } finally {
    await ended;
  }
  return written;
}

/** The file may not have been begun yet. */
async function syncWhatIsThere(path: string): Promise<void> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  try {
    await file?.datasync();
  } finally {
    await file?.close();
  }
}
