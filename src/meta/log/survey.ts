/** What a zone's log holds: its files, where its last whole record ends, and where its snapshot does. */
import { dirname } from 'node:path';
import { findSnapshot } from '../snapshots/snapshot-file.ts';
import type { Applied } from '../tables/state.ts';
import { decodeFileHeader, FILE_HEADER_BYTES, type FoundRecord, scanRecords } from './codec.ts';
import { type LogFile, listLogFiles, logFilePath, readBytes, readEpoch } from './files.ts';

/** Where a copy ends: its last whole record. Offsets are of the file. */
export interface Tail {
  readonly file: number;
  readonly record: FoundRecord;
}

export interface Survey {
  readonly zone: string;
  readonly folder: string;
  readonly files: readonly LogFile[];
  /** Undefined if the copy has no record. */
  readonly tail: Tail | undefined;
  /** The record that the zone's snapshot of the index ends with; undefined if it has none. */
  readonly base: Applied | undefined;
  /** The largest epoch the copy was promised to. Undefined if it was never whole: it has nothing to tell. */
  readonly epoch: number | undefined;
}

export class ForeignLog extends Error {
  override readonly name = 'ForeignLog';
}

interface Place {
  readonly zone: string;
  readonly folder: string;
  readonly clusterId: string;
}

/**
 * Looks at a zone's copy. `applied` is the record the database ends with: where it lies as expected, only what follows
 * it is read, so that the time does not grow with the log.
 */
export async function survey(place: Place, applied: Applied | undefined): Promise<Survey> {
  const { zone, folder } = place;
  const files = await listLogFiles(folder);
  const base = (await findSnapshot({ zonePath: dirname(folder), clusterId: place.clusterId }))?.applied;
  const found = { zone, folder, files, base, epoch: await readEpoch(folder) };
  for (const { first } of files.toReversed()) {
    const path = logFilePath(folder, first);
    if (!(await hasGoodHeader(place, path, first))) continue;
    const record = (await lastAfter(path, first, applied)) ?? (await lastOf(path, FILE_HEADER_BYTES));
    if (record !== undefined) return { ...found, tail: { file: first, record } };
  }
  return { ...found, tail: undefined };
}

/** False if the file was never finished. Throws ForeignLog if it belongs elsewhere. */
async function hasGoodHeader(place: Place, path: string, first: number): Promise<boolean> {
  const header = decodeFileHeader(await readBytes(path, { start: 0, end: FILE_HEADER_BYTES }));
  if (header === undefined) return false;
  if (header.clusterId !== place.clusterId || header.zone !== place.zone || header.firstSequence !== first) {
    throw new ForeignLog(
      `${path} is the log of zone ${header.zone}, cluster ${header.clusterId}, from ${header.firstSequence}; ` +
        `expected zone ${place.zone}, cluster ${place.clusterId}, from ${first}.`,
    );
  }
  return true;
}

/** The last whole record, if the file holds the applied one where the database says. */
async function lastAfter(path: string, first: number, applied: Applied | undefined): Promise<FoundRecord | undefined> {
  if (applied === undefined || applied.position.file !== first) return undefined;
  return lastOf(path, applied.position.offset, applied);
}

async function lastOf(path: string, from: number, expected?: Applied): Promise<FoundRecord | undefined> {
  const bytes = await readBytes(path, { start: from });
  let last: FoundRecord | undefined;
  for (const record of scanRecords(bytes, 0)) {
    const isExpected = record.sequence === expected?.sequence && record.checksum === expected.checksum;
    if (last === undefined && expected !== undefined && !isExpected) return undefined;
    last = record;
  }
  return last && { ...last, start: last.start + from, end: last.end + from };
}
