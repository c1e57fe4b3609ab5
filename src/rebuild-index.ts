/**
 * `ninefold rebuild-index`: makes the index and its log anew from what the disks hold, for when both are lost in every zone.
 * It works beside the places where they belong and moves them there only when they are whole, so it can be stopped and run
 * again: a half-made index that serves would take everything it does not name for garbage.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErasureBlobStore, openBlobStore } from './blob/store.ts';
import type { Config } from './config.ts';
import { DataFolderError, hasIndex, openCluster } from './data-folder.ts';
import { type RebuildReport, rebuildIndex } from './engine/rebuild/rebuild.ts';
import { systemClock } from './lib/clock.ts';
import { syncFolder } from './lib/durable-files.ts';
import { createLog } from './lib/log.ts';
import { openIndex } from './meta/index-store.ts';
import { lockZones } from './meta/zone-locks.ts';

export interface RebuildOptions {
  /** Sets aside the indexes and logs that are there. */
  readonly force: boolean;
}

export interface RebuiltIndex extends RebuildReport {
  /** Where old indexes and logs are now. */
  readonly setAside: readonly string[];
}

const workFolder = 'rebuild';
const indexFolders = ['log', 'index'];

/** Throws DataFolderError where it must not be done, ZoneInUse while a server runs. */
export async function rebuildIndexOf(config: Config, { force }: RebuildOptions): Promise<RebuiltIndex> {
  const log = createLog('warn');
  const paths = config.zones.map(({ path }) => path);
  refuseAbsentZones(config);
  const clusterId = openCluster(config, log);
  const locks = lockZones(paths, log);
  try {
    if (!force) refuseIndex(config);
    for (const path of paths) {
      await rm(join(path, workFolder), { recursive: true, force: true });
      await mkdir(join(path, workFolder));
    }
    const blobs = await openBlobStore({
      zones: config.zones.map(({ name, path, disks }) => ({ name, path, disks: [...disks] })),
      clusterId,
      diskTimeoutMs: config.store.diskTimeoutMs,
      reserveBytes: config.store.reserveBytes,
      log,
    });
    const report = await rebuildBeside(config, clusterId, blobs).finally(() => blobs.close());
    return { ...report, setAside: await takeTheirPlaces(paths) };
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
    zones: config.zones.map(({ name, path }) => ({ name, path: join(path, workFolder) })),
    clusterId,
    // What the commands name is durable already.
    alongside: async () => {},
    isIntact: async () => true,
    logFileSizeMaxBytes: config.store.logFileBytesMax,
    epochMin: nowMs,
  });
  try {
    return await rebuildIndex({ index, blobs, region: config.region, nowMs });
  } finally {
    await index.close();
  }
}

/** First the old ones go aside, then the new ones come, each zone's log before its index, which is never ahead of it. */
async function takeTheirPlaces(paths: readonly string[]): Promise<string[]> {
  const setAside: string[] = [];
  for (const path of paths) {
    for (const name of indexFolders) {
      const folder = join(path, name);
      if (!existsSync(folder)) continue;
      const aside = freeName(`${folder}.aside`);
      await rename(folder, aside);
      setAside.push(aside);
    }
    await syncFolder(path);
  }
  for (const path of paths) {
    for (const name of indexFolders) {
      const made = join(path, workFolder, name);
      if (!existsSync(made)) continue;
      await syncFolder(made);
      await rename(made, join(path, name));
      await syncFolder(path);
    }
    await rm(join(path, workFolder), { recursive: true, force: true });
  }
  return setAside;
}

function freeName(wanted: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!existsSync(name)) return name;
  }
}
