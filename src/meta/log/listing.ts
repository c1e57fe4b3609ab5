/** Reading a log file as it lies there, for people: its records one by one, and where it is torn or does not join up. */
import { crc32 } from 'node:zlib';
import type { Command } from '../commands.ts';
import {
  decodeFileHeader,
  decodeRecordHeader,
  FILE_HEADER_BYTES,
  type FileHeader,
  follows,
  RECORD_HEADER_BYTES,
  type RecordHeader,
} from './codec.ts';
import { readBytes } from './files.ts';
import { decodePayload } from './payload.ts';

export type LogEntry =
  | { readonly kind: 'header'; readonly header: FileHeader }
  | { readonly kind: 'record'; readonly record: RecordHeader; readonly commands: readonly Command[] }
  /** Something is wrong here; `offset` is of the file. */
  | { readonly kind: 'fault'; readonly offset: number; readonly what: string };

/** `previous` is the last record of the file before, if that is known. Throws UnknownLogVersion. */
export async function* listLogFile(path: string, previous?: RecordHeader): AsyncGenerator<LogEntry> {
  const bytes = await readBytes(path, { start: 0 });
  const header = decodeFileHeader(bytes);
  if (header === undefined) {
    yield { kind: 'fault', offset: 0, what: 'this is no whole header of a log file' };
    return;
  }
  yield { kind: 'header', header };
  let last = previous;
  let offset = FILE_HEADER_BYTES;
  while (offset < bytes.length) {
    const found = recordAt(bytes, offset);
    if (found === undefined) {
      yield { kind: 'fault', offset, what: `the last ${bytes.length - offset} bytes are no whole record: torn` };
      return;
    }
    const { record, payload, end } = found;
    if (last === undefined ? record.sequence !== header.firstSequence : !follows(record, last)) {
      yield { kind: 'fault', offset, what: breakBetween(record, last, header) };
    }
    yield { kind: 'record', record, commands: decodePayload(payload) };
    last = record;
    offset = end;
  }
}

function recordAt(bytes: Buffer, offset: number): { record: RecordHeader; payload: Buffer; end: number } | undefined {
  const record = decodeRecordHeader(bytes, offset);
  if (record === undefined) return undefined;
  const end = offset + RECORD_HEADER_BYTES + record.payloadLength;
  const payload = bytes.subarray(offset + RECORD_HEADER_BYTES, end);
  return end <= bytes.length && crc32(payload) === record.payloadChecksum ? { record, payload, end } : undefined;
}

function breakBetween(record: RecordHeader, last: RecordHeader | undefined, header: FileHeader): string {
  const words = (of: RecordHeader) => `record ${of.sequence} of epoch ${of.epoch}`;
  if (last === undefined) return `the file begins with ${words(record)}, by its header with ${header.firstSequence}`;
  return `the chain breaks: ${words(record)} does not follow ${words(last)}`;
}
