/** What a zone's folder holds of the index: its snapshot and its log files, as they lie there. */
import { stat } from 'node:fs/promises';
import { isMissing, listLogFiles } from '../log/files.ts';
import type { ZoneHoldings } from '../types.ts';
import type { Snapshot } from './snapshot-file.ts';

/** `folder`: of the zone's log. */
export async function lookAtHoldings(folder: string, snapshot: Snapshot | undefined): Promise<ZoneHoldings> {
  const files = await listLogFiles(folder);
  const [oldest] = files;
  const newest = files.at(-1);
  const madeMs = snapshot && (await modifiedMs(snapshot.path));
  return {
    ...(snapshot &&
      madeMs !== undefined && {
        snapshot: { sequence: snapshot.applied.sequence, madeMs, sizeBytes: snapshot.sizeBytes },
      }),
    ...(oldest &&
      newest && {
        log: {
          files: files.length,
          sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
          firstSequence: oldest.first,
          newestFileSequence: newest.first,
        },
      }),
  };
}

/** Undefined if the file is gone: the next look finds what has taken its place. */
async function modifiedMs(path: string): Promise<number | undefined> {
  try {
    return Math.round((await stat(path)).mtimeMs);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
