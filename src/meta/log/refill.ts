/**
 * Making a zone's copy of the log equal to the leading one. Files behind the leading one's last are complete and never
 * change; in the last one a copy that is a prefix gets what it lacks, any other is written anew.
 */
import { open, rename, rm } from 'node:fs/promises';
import { syncFolder, writeDurably } from '../../lib/durable-files.ts';
import type { LogPosition } from '../tables/state.ts';
import { decodeRecordHeader, encodeFileHeader, FILE_HEADER_BYTES, RECORD_HEADER_BYTES, scanRecords } from './codec.ts';
import { logFilePath, readBytes } from './files.ts';
import type { Survey, Tail } from './survey.ts';

/** Where a copy's last record ends, and that record's checksum. */
export interface CopyEnd extends LogPosition {
  readonly checksum: number;
}

/** The files that make up the whole log, each with a folder that holds it whole. The last one is the leading copy's. */
export interface WholeLog {
  readonly files: readonly { readonly first: number; readonly sizeBytes: number; readonly folder: string }[];
  readonly end: CopyEnd;
}

/** Puts the whole log together: the leading copy's files, and older ones of others where it has lost them. */
export async function assemble(leader: Survey & { readonly tail: Tail }, others: readonly Survey[]): Promise<WholeLog> {
  const { tail } = leader;
  const closed = leader.files.filter((file) => file.first < tail.file);
  const oldest = closed[0]?.first ?? tail.file;
  const lost = others.flatMap((other) => other.files).filter((file) => file.first < oldest);
  const firsts = [...new Set([...lost, ...closed].map((file) => file.first))].sort((a, b) => a - b);
  const files = [];
  for (const [i, first] of firsts.entries()) {
    files.push(await wholeFile([leader, ...others], { first, next: firsts[i + 1] ?? tail.file }));
  }
  const end = { file: tail.file, offset: tail.record.end, checksum: tail.record.checksum };
  return { files: [...files, { first: end.file, sizeBytes: end.offset, folder: leader.folder }], end };
}

/** A closed file where it is whole. Copies of one size are taken to be equal: damage inside is found when it is read. */
async function wholeFile(
  copies: readonly Survey[],
  { first, next }: { first: number; next: number },
): Promise<WholeLog['files'][number]> {
  const held = copies.flatMap((copy) => {
    const file = copy.files.find((candidate) => candidate.first === first);
    return file ? [{ ...file, folder: copy.folder }] : [];
  });
  const sizes = new Set(held.map((file) => file.sizeBytes));
  for (const file of held) {
    if (sizes.size === 1) return file;
    const bytes = await readBytes(logFilePath(file.folder, first), { start: 0 });
    const last = Array.from(scanRecords(bytes, FILE_HEADER_BYTES)).at(-1);
    if (last?.sequence === next - 1 && last.end === bytes.length) return file;
  }
  throw new Error(`No zone holds the log file that begins with record ${first} whole.`);
}

/** Makes a copy equal to the whole log. What it has beside that is void and goes. */
export async function refill(copy: Survey, identity: { clusterId: string }, whole: WholeLog): Promise<boolean> {
  const header = (first: number) => encodeFileHeader({ ...identity, zone: copy.zone, firstSequence: first });
  let changed = false;
  for (const file of whole.files) {
    const sizeBytes = copy.files.find((candidate) => candidate.first === file.first)?.sizeBytes;
    const isLast = file.first === whole.end.file;
    // The copy's own last record may be a void one, as long as the one that took its place.
    const isEqual = sizeBytes === file.sizeBytes && copy.tail?.file !== file.first;
    if (isLast ? await continueTail(copy, whole, file.folder) : isEqual) continue;
    const content = await readBytes(logFilePath(file.folder, file.first), {
      start: FILE_HEADER_BYTES,
      end: file.sizeBytes,
    });
    await writeDurably(logFilePath(copy.folder, file.first), [header(file.first), content]);
    changed = true;
  }
  await removeVoid(copy, whole);
  return changed || copy.tail?.record.checksum !== whole.end.checksum;
}

/** Cuts and appends what makes the copy's last file equal. False if it is no prefix of the leading one. */
async function continueTail(copy: Survey, whole: WholeLog, leaderFolder: string): Promise<boolean> {
  const { end } = whole;
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

/** Files behind the end are void records or never finished; others that the whole log does not have are set aside. */
async function removeVoid(copy: Survey, whole: WholeLog): Promise<void> {
  const kept = new Set(whole.files.map((file) => file.first));
  const extra = copy.files.filter((file) => !kept.has(file.first));
  for (const { first } of extra) {
    const path = logFilePath(copy.folder, first);
    if (first > whole.end.file) await rm(path);
    else await rename(path, `${path}.aside`);
  }
  if (extra.length > 0) await syncFolder(copy.folder);
}
