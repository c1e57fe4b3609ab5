/**
 * How an index that was made anew comes into its place: all of it or nothing, whatever dies in between.
 *
 * It is made in the folder `rebuild/` of every zone. When it is whole and durable there, each of these folders gets a marker,
 * `ninefold-rebuilt.json`, with what was restored. A majority of markers is the point from which on the new index counts: before,
 * what is below `rebuild/` is of no use to anyone and the old state is untouched; after, whoever comes next, a start or another
 * run of the command, puts the folders in their places, in any order and from wherever it was left. The markers go last, when
 * every zone has what it shall have, so that without a majority of them nothing is left to be done.
 *
 * Whoever calls holds the locks of the zones.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RebuildReport } from './engine/rebuild/rebuild.ts';
import { syncFolder, writeDurably } from './lib/durable-files.ts';
import type { Log } from './lib/log.ts';
import { majorityOf } from './meta/log/majority.ts';

export interface RebuiltIndex extends RebuildReport {
  /** Where old indexes and logs are now. */
  readonly setAside: readonly string[];
}

const markerName = 'ninefold-rebuilt.json';
/** A zone's log before its index, which is never ahead of it. */
const indexFolders = ['log', 'index'];
const count = z.int().min(0);
const markerSchema = z
  .strictObject({
    formatVersion: z.literal(1),
    buckets: count,
    versions: count,
    deleteMarkers: count,
    uploads: count,
    lost: z.array(z.string()),
  })
  .transform(({ formatVersion, ...report }): RebuildReport => report);

/** Where a zone's part of the index is made. */
export function draftOf(zonePath: string): string {
  return join(zonePath, 'rebuild');
}

/** Makes room for an index that is to be made. */
export async function beginRebuilt(zonePaths: readonly string[]): Promise<void> {
  for (const path of zonePaths) {
    await rm(draftOf(path), { recursive: true, force: true });
    // An old marker must not come back beside what is new.
    await syncFolder(path);
    await mkdir(draftOf(path));
    await syncFolder(path);
  }
}

/** From here on the index that was made counts. It is closed, which leaves all of it durable, and every zone has its part. */
export async function declareWhole(zonePaths: readonly string[], report: RebuildReport): Promise<void> {
  for (const draft of zonePaths.map(draftOf)) {
    for (const name of indexFolders) await mkdir(join(draft, name), { recursive: true });
    await syncFolder(draft);
  }
  const { buckets, versions, deleteMarkers, uploads, lost } = report;
  const marker = { formatVersion: 1, buckets, versions, deleteMarkers, uploads, lost };
  for (const draft of zonePaths.map(draftOf)) {
    await writeDurably(join(draft, markerName), [`${JSON.stringify(marker, null, 2)}\n`]);
  }
}

/**
 * Puts a rebuilt index that counts in its place, what is there aside; and removes one that does not count. Returns what was
 * restored, if one is in its place now.
 */
export async function settleRebuilt(
  zonePaths: readonly string[],
  log: Pick<Log, 'warn'>,
): Promise<RebuiltIndex | undefined> {
  const drafted = zonePaths.filter((path) => existsSync(draftOf(path)));
  const reports = (await Promise.all(drafted.map(readMarker))).flatMap((report) => report ?? []);
  const [report] = reports;
  const setAside: string[] = [];
  const counts = report !== undefined && reports.length >= majorityOf(zonePaths.length);
  if (counts) for (const path of drafted) setAside.push(...(await takePlace(path)));
  for (const path of drafted) {
    try {
      await rm(draftOf(path), { recursive: true, force: true });
    } catch (error) {
      log.warn({ zonePath: path, err: error }, 'what is left of a rebuilt index cannot be removed');
    }
  }
  return counts ? { ...report, setAside } : undefined;
}

async function takePlace(zonePath: string): Promise<string[]> {
  const setAside: string[] = [];
  for (const name of indexFolders) {
    const made = join(draftOf(zonePath), name);
    if (!existsSync(made)) continue;
    const place = join(zonePath, name);
    if (existsSync(place)) {
      const aside = freeName(`${place}.aside`);
      await rename(place, aside);
      setAside.push(aside);
    }
    await rename(made, place);
    await syncFolder(zonePath);
    await syncFolder(draftOf(zonePath));
  }
  return setAside;
}

/** Undefined if there is none, or none that was written to its end. */
async function readMarker(zonePath: string): Promise<RebuildReport | undefined> {
  try {
    const text = await readFile(join(draftOf(zonePath), markerName), 'utf8');
    return markerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function freeName(wanted: string): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`;
    if (!existsSync(name)) return name;
  }
}
