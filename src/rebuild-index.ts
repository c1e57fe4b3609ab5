/**
 * `ninefold rebuild-index`: makes the index and its log anew from what the disks hold, for when both are lost in every zone.
 * It works beside the places where they belong and moves them there only when they are whole (`rebuilt-index.ts`), so it can
 * be stopped and run again: a half-made index that serves would take everything it does not name for garbage.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type ErasureBlobStore, openBlobStore } from './blob/store.ts';
import type { Config } from './config.ts';
import { DataFolderError, hasIndex, openCluster } from './data-folder.ts';
import { type RebuildReport, rebuildIndex } from './engine/rebuild/rebuild.ts';
import { systemClock } from './lib/clock.ts';
import { createLog } from './lib/log.ts';
import { openIndex } from './meta/index-store.ts';
import { lockZones } from './meta/zone-locks.ts';
import { beginRebuilt, declareWhole, draftOf, type RebuiltIndex, settleRebuilt } from './rebuilt-index.ts';
import { findSettings } from './settings-copies.ts';

export interface RebuildOptions {
  /** Sets aside the indexes and logs that are there. */
  readonly force: boolean;
}

/** What an earlier run made whole and could not put in its place is the result. Throws DataFolderError where it must not be done, ZoneInUse while a server runs. */
export async function rebuildIndexOf(config: Config, { force }: RebuildOptions): Promise<RebuiltIndex> {
  const log = createLog('warn');
  const paths = config.zones.map(({ path }) => path);
  refuseAbsentZones(config);
  const clusterId = openCluster(config, log);
  const locks = lockZones(paths, log);
  try {
    const made = await settleRebuilt(paths, log);
    if (made !== undefined) return made;
    if (!force) refuseIndex(config);
    await beginRebuilt(paths);
    const blobs = await openBlobStore({
      zones: config.zones.map(({ name, path, disks }) => ({ name, path, disks: [...disks] })),
      clusterId,
      diskTimeoutMs: config.store.diskTimeoutMs,
      reserveBytes: config.store.reserveBytes,
      log,
    });
    const report = await rebuildBeside(config, clusterId, blobs).finally(() => blobs.close());
    await declareWhole(paths, report);
    const settled = await settleRebuilt(paths, log);
    assert(settled, 'what was declared whole comes into its place');
    return settled;
  } finally {
    locks.release();
  }
}

function refuseAbsentZones({ zones }: Config): void {
  const absent = zones.filter(({ path }) => !existsSync(path)).map(({ name }) => name);
  if (absent.length === 0) return;
  throw new DataFolderError(
    `The folders of these zones are not there: ${absent.join(', ')}. One that is lost for good has to be made again, empty, ` +
      'as the new log has a copy in every zone',
  );
}

function refuseIndex({ zones }: Config): void {
  const found = zones.filter(({ path }) => hasIndex(path)).map(({ name }) => name);
  if (found.length === 0) return;
  throw new DataFolderError(
    `There is an index or a commit log in ${found.join(', ')}, which know more than the disks do: start the server instead. ` +
      'To do without them, say --force: they are set aside',
  );
}

async function rebuildBeside(config: Config, clusterId: string, blobs: ErasureBlobStore): Promise<RebuildReport> {
  const nowMs = systemClock.nowMs();
  const index = await openIndex({
    zones: config.zones.map(({ name, path }) => ({ name, path: draftOf(path) })),
    clusterId,
    // What the commands name is durable already.
    alongside: async () => {},
    isIntact: async () => true,
    logFileSizeMaxBytes: config.store.logFileBytesMax,
    epochMin: nowMs,
  });
  try {
    const settings = await findSettings(blobs.disks().map(({ path }) => path));
    const report = await rebuildIndex({ index, blobs, region: config.region, nowMs, settings });
    if (settings !== undefined) return report;
    return { ...report, lost: [...report.lost, 'identities, and changes of settings: no disk has a copy of them'] };
  } finally {
    await index.close();
  }
}
