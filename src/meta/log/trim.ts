/**
 * Dropping what a zone's log holds beyond need: the files that lie wholly before the last record of the zone's own
 * snapshot. The file with that record stays, so that a log never loses its end to a void record.
 */
import { rm } from 'node:fs/promises';
import { syncFolder } from '../../lib/durable-files.ts';
import type { Applied } from '../tables/state.ts';
import { listLogFiles, logFilePath } from './files.ts';

/** `base` is the last record of a snapshot that this zone holds whole. Returns how many files went. */
export async function trimLog(folder: string, base: Applied): Promise<number> {
  const dropped = (await listLogFiles(folder)).filter((file) => file.first < base.position.file);
  for (const { first } of dropped) {
    await rm(logFilePath(folder, first));
    // One by one, the oldest first: whatever a power cut leaves has no gap.
    await syncFolder(folder);
  }
  return dropped.length;
}
