/** Reading the log's records in order, each file from the first zone that holds it whole. */
import type { Applied } from '../tables/state.ts';
import { FILE_HEADER_BYTES, type FoundRecord, follows, RECORD_HEADER_BYTES, scanRecords } from './codec.ts';
import { isMissing, logFilePath, readBytes } from './files.ts';

/** A record to replay. */
export interface ReplayRecord {
  readonly applied: Applied;
  readonly payload: Buffer;
}

/** The payload of one whole record. */
export function payloadBytes(record: Buffer): Buffer {
  return record.subarray(RECORD_HEADER_BYTES);
}

export interface ReplayRange {
  /** First sequences of the log's files, in order. */
  readonly files: readonly number[];
  /** The record that the database ends with; sequence 0 if none. */
  readonly after: Applied;
  /** The last record to replay. */
  readonly last: number;
}

/** Yields the records behind `range.after` in order. Throws if one is missing or damaged in every folder. */
export async function* replay(folders: readonly string[], range: ReplayRange): AsyncGenerator<ReplayRecord> {
  let previous: { sequence: number; checksum: number } = range.after;
  for (const [i, file] of range.files.entries()) {
    const lastOfFile = Math.min(range.last, (range.files[i + 1] ?? Number.POSITIVE_INFINITY) - 1);
    if (lastOfFile <= previous.sequence) continue;
    const { bytes, records } = await readFile(folders, { file, previous, last: lastOfFile, after: range.after });
    for (const record of records) {
      const position = { file, offset: record.fileOffset };
      yield {
        applied: { sequence: record.sequence, checksum: record.checksum, position },
        payload: bytes.subarray(record.start + RECORD_HEADER_BYTES, record.end),
      };
      previous = record;
    }
  }
  if (previous.sequence !== range.last) {
    throw new Error(`The log ends with record ${previous.sequence}; ${range.last} was expected.`);
  }
}

interface FileRange {
  readonly file: number;
  readonly previous: { readonly sequence: number; readonly checksum: number };
  readonly last: number;
  readonly after: Applied;
}

type PlacedRecord = FoundRecord & { readonly fileOffset: number };

async function readFile(
  folders: readonly string[],
  { file, previous, last, after }: FileRange,
): Promise<{ bytes: Buffer; records: PlacedRecord[] }> {
  const from = after.sequence > 0 && after.position.file === file ? after.position.offset : FILE_HEADER_BYTES;
  for (const folder of folders) {
    const bytes = await readBytes(logFilePath(folder, file), { start: from }).catch((error: unknown) => {
      if (isMissing(error)) return Buffer.alloc(0);
      throw error;
    });
    const records = recordsBehind(bytes, previous, last);
    if (records !== undefined) {
      return { bytes, records: records.map((record) => ({ ...record, fileOffset: record.start + from })) };
    }
  }
  throw new Error(`No zone holds log records ${previous.sequence + 1} to ${last} whole (file ${file}).`);
}

/** The records from the one behind `previous` until `last`, or undefined if they are not all there. */
function recordsBehind(bytes: Buffer, previous: FileRange['previous'], last: number): FoundRecord[] | undefined {
  const records: FoundRecord[] = [];
  for (const record of scanRecords(bytes, 0)) {
    if (record.sequence <= previous.sequence) continue;
    const isFirst = records.length === 0;
    if (isFirst && !follows(record, { ...record, epoch: 0, ...previous })) return undefined;
    records.push(record);
    if (record.sequence === last) return records;
  }
  return undefined;
}
