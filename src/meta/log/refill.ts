/**
 * Making a zone's copy of the log equal to the leading one, as far back as its snapshot needs it. Files behind the leading
 * one's last are complete and never change; in the last one a copy that is a prefix gets what it lacks, any other is
 * written anew.
 */
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder, writeDurably } from '../../lib/durable-files.ts';
import type { Snapshot } from '../snapshots/snapshot-file.ts';
import type { SnapshotFiles } from '../snapshots/snapshot-files.ts';
import type { Applied, LogPosition } from '../tables/state.ts';
import { decodeRecordHeader, encodeFileHeader, FILE_HEADER_BYTES, RECORD_HEADER_BYTES, scanRecords } from './codec.ts';
import { epochPath, logFilePath, readBytes } from './files.ts';
import type { Survey, Tail } from './survey.ts';

/** Where a copy's last record ends, and that record's checksum. */
export interface CopyEnd extends LogPosition {
  readonly checksum: number;
}

/** A file of the log with a folder that holds it whole. */
export interface HeldFile {
  readonly first: number;
  readonly sizeBytes: number;
  readonly folder: string;
}

/** The files that make up the log, as far back as it is there without a gap. The last one is the leading copy's. */
export interface WholeLog {
  readonly files: readonly HeldFile[];
  readonly end: CopyEnd;
}

/** Puts the log together: the leading copy's files, and those of others where it has lost or dropped them. */
export async function assemble(leader: Survey & { readonly tail: Tail }, others: readonly Survey[]): Promise<WholeLog> {
  const { tail } = leader;
  const copies = [leader, ...others];
  const closed = copies.flatMap((copy) => copy.files).filter((file) => file.first < tail.file);
  const firsts = [...new Set(closed.map((file) => file.first))].sort((a, b) => b - a);
  const files: HeldFile[] = [{ first: tail.file, sizeBytes: tail.record.end, folder: leader.folder }];
  let mayTrustSizes = true;
  for (const first of firsts) {
    const held = await wholeFile(copies, { first, next: files[0]?.first ?? tail.file, mayTrustSizes });
    // Either nobody holds it whole and there is a gap, or it belongs to a copy that went its own way: the next one tells.
    mayTrustSizes = held !== undefined;
    if (held !== undefined) files.unshift(held);
  }
  return { files, end: { file: tail.file, offset: tail.record.end, checksum: tail.record.checksum } };
}

/** A closed file where it is whole. Copies of one size are taken to be equal: damage inside is found when it is read. */
async function wholeFile(
  copies: readonly Survey[],
  { first, next, mayTrustSizes }: { first: number; next: number; mayTrustSizes: boolean },
): Promise<HeldFile | undefined> {
  const held = copies.flatMap((copy) => {
    const file = copy.files.find((candidate) => candidate.first === first);
    return file ? [{ ...file, folder: copy.folder }] : [];
  });
  const isEverywhere = held.length * 2 > copies.length && new Set(held.map((file) => file.sizeBytes)).size === 1;
  for (const file of held) {
    if (mayTrustSizes && isEverywhere) return file;
    const bytes = await readBytes(logFilePath(file.folder, first), { start: 0 });
    const last = Array.from(scanRecords(bytes, FILE_HEADER_BYTES)).at(-1);
    if (last?.sequence === next - 1 && last.end === bytes.length) return file;
  }
  return undefined;
}

/**
 * The files that a copy must hold beside a snapshot that ends with `base`, or from the first record of all without one.
 * Undefined if the log no longer reaches back so far: the copy needs a later snapshot.
 */
export function filesBehind(base: Applied | undefined, whole: WholeLog): readonly HeldFile[] | undefined {
  const at = whole.files.findLastIndex((file) => file.first <= (base?.sequence ?? 1));
  return at < 0 ? undefined : whole.files.slice(at);
}

/** What a copy is made equal to. */
export interface Goal {
  readonly clusterId: string;
  /** The files that the copy must hold. */
  readonly files: readonly HeldFile[];
  readonly end: CopyEnd;
}

/** Makes a copy equal to the goal. What it has behind that is void and goes. */
export async function refill(copy: Survey, goal: Goal): Promise<boolean> {
  const header = (firstSequence: number) =>
    encodeFileHeader({ clusterId: goal.clusterId, zone: copy.zone, firstSequence });
  let changed = false;
  for (const file of goal.files) {
    const sizeBytes = copy.files.find((candidate) => candidate.first === file.first)?.sizeBytes;
    const isLast = file.first === goal.end.file;
    // The copy's own last record may be a void one, as long as the one that took its place.
    const isEqual = sizeBytes === file.sizeBytes && copy.tail?.file !== file.first;
    if (isLast ? await continueTail(copy, goal, file.folder) : isEqual) continue;
    const content = await readBytes(logFilePath(file.folder, file.first), {
      start: FILE_HEADER_BYTES,
      end: file.sizeBytes,
    });
    await writeDurably(logFilePath(copy.folder, file.first), [header(file.first), content]);
    changed = true;
  }
  await removeVoid(copy, goal);
  return changed || copy.tail?.record.checksum !== goal.end.checksum;
}

/** Cuts and appends what makes the copy's last file equal. False if it is no prefix of the leading one. */
async function continueTail(copy: Survey, { end }: Goal, leaderFolder: string): Promise<boolean> {
  if (copy.tail?.file !== end.file) return false;
  const from = copy.tail.record.end;
  if (from > end.offset) return false;
  const missing = await readBytes(logFilePath(leaderFolder, end.file), { start: from, end: end.offset });
  const isPrefix =
    missing.length === 0
      ? copy.tail.record.checksum === end.checksum
      : missing.length >= RECORD_HEADER_BYTES && decodeRecordHeader(missing)?.chain === copy.tail.record.checksum;
  if (!isPrefix) return false;
  const size = copy.files.find((file) => file.first === end.file)?.sizeBytes;
  // A file may have its length and not its bytes: a record that was torn is missing whatever the size says.
  if (missing.length === 0 && size === end.offset) return true;
  const handle = await open(logFilePath(copy.folder, end.file), 'r+');
  try {
    await handle.truncate(from);
    if (missing.length > 0) await handle.write(missing, 0, missing.length, from);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return true;
}

/** Files behind the end are void records or never finished; others that the log does not have are set aside. */
async function removeVoid(copy: Survey, goal: Goal): Promise<void> {
  const kept = new Set(goal.files.map((file) => file.first));
  const oldest = goal.files[0]?.first ?? goal.end.file;
  // What lies before the oldest is in the snapshot: the zone drops it when it next drops files.
  const extra = copy.files.filter((file) => !kept.has(file.first) && file.first > oldest);
  for (const { first } of extra) {
    const path = logFilePath(copy.folder, first);
    if (first > goal.end.file) await rm(path);
    else await rename(path, `${path}.aside`);
  }
  if (extra.length > 0) await syncFolder(copy.folder);
}

/**
 * Gives a copy a snapshot that the log reaches back to. A log that ends before the log there is begins cannot be compared
 * with it, so its files are set aside. From then on until it is refilled the copy holds less than it once confirmed: it
 * must not be heard at a start, so the promise to its epoch goes first.
 */
export async function rebase(
  copy: Survey,
  { source, whole, snapshots }: { source: Snapshot; whole: WholeLog; snapshots: SnapshotFiles },
): Promise<void> {
  const oldest = whole.files[0]?.first ?? whole.end.file;
  const endsBefore = (copy.tail?.record.sequence ?? 0) < oldest;
  if (endsBefore) await forgetEpoch(copy.folder);
  await snapshots.copy(source, dirname(copy.folder));
  if (endsBefore) await setFilesAside(copy);
}

/** Lets a copy count no more until it is promised to an epoch again. */
export async function forgetEpoch(folder: string): Promise<void> {
  await rm(epochPath(folder), { force: true });
  await syncFolder(folder);
}

export async function setFilesAside(copy: Survey): Promise<void> {
  for (const { first } of copy.files) {
    const path = logFilePath(copy.folder, first);
    await rename(path, `${path}.aside`);
  }
  await syncFolder(copy.folder);
}
