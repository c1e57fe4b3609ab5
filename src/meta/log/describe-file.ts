/** Files of a zone's log in plain words, each record a part, with what is damaged in them. docs/LOG.md is the page. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  type Damage,
  type Field,
  fieldAt,
  flippedBitIn,
  type InspectedPart,
  type ReadHeader,
  readHeaderOrMend,
  startOf,
} from '../../lib/inspection.ts';
import {
  decodeEpochFile,
  decodeFileHeader,
  decodeRecordHeader,
  FILE_HEADER_BYTES,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  type RecordHeader,
} from './codec.ts';
import { decodePayload } from './payload.ts';

const fileFields: readonly Field[] = [
  { start: 0, length: 8, name: 'magic' },
  { start: 8, length: 2, name: 'format version' },
  { start: 10, length: 2, name: 'length of the header' },
  { start: 12, length: 8, name: 'sequence of the first record' },
  { start: 20, length: 1, name: 'length of the cluster id' },
  { start: 21, length: 32, name: 'cluster id' },
  { start: 53, length: 1, name: "length of the zone's name" },
  { start: 54, length: 64, name: "zone's name" },
  { start: 124, length: 4, name: 'checksum of the header' },
];

const recordFields: readonly Field[] = [
  { start: 0, length: 4, name: 'magic' },
  { start: 4, length: 2, name: 'format version' },
  { start: 6, length: 2, name: 'flags' },
  { start: 8, length: 8, name: 'sequence' },
  { start: 16, length: 8, name: 'epoch' },
  { start: 24, length: 4, name: 'length of the payload' },
  { start: 28, length: 4, name: 'checksum of the payload' },
  { start: 32, length: 4, name: 'chain' },
  { start: 36, length: 4, name: 'checksum of the header' },
];

const epochFields: readonly Field[] = [
  { start: 0, length: 4, name: 'magic' },
  { start: 4, length: 2, name: 'format version' },
  { start: 8, length: 8, name: 'epoch' },
  { start: 16, length: 4, name: 'checksum' },
];

export async function* describeLogFile(path: string): AsyncGenerator<InspectedPart> {
  const bytes = await readFile(path);
  yield describeFileHeader(bytes, basename(path));
  let previous: RecordHeader | undefined;
  let at = FILE_HEADER_BYTES;
  while (at < bytes.length) {
    const found = recordAt(bytes, at);
    if (found === undefined) {
      const next = nextRecord(bytes, at + 1);
      yield describeRest(bytes, at, next);
      at = next;
      continue;
    }
    yield describeRecord(bytes, found, previous);
    previous = found.header;
    at = found.end;
  }
}

export async function* describeEpochFile(path: string): AsyncGenerator<InspectedPart> {
  const bytes = await readFile(path);
  const found = readHeaderOrMend(bytes, decodeEpochFile);
  const damage = headerDamage(bytes, found, epochFields);
  const epoch = damage.length === 0 ? found?.header : undefined;
  yield {
    text: epoch === undefined ? 'Epoch file of a commit log' : `Epoch file of a commit log: promised to epoch ${epoch}`,
    facts: { kind: 'epoch-file', epoch },
    damage,
  };
}

function describeFileHeader(bytes: Buffer, name: string): InspectedPart {
  const start = bytes.subarray(0, FILE_HEADER_BYTES);
  const found = readHeaderOrMend(start, decodeFileHeader);
  const header = found?.header;
  const damage = headerDamage(start, found, fileFields);
  if (header !== undefined && /^\d{20}\.log$/.test(name) && Number(name.slice(0, 20)) !== header.firstSequence) {
    const what = `it says ${header.firstSequence}, the file's name ${Number(name.slice(0, 20))}`;
    const field = 'sequence of the first record';
    damage.push({ offset: startOf(fileFields, field), field, what });
  }
  const described =
    header && `: zone ${header.zone}, cluster ${header.clusterId}, from record ${header.firstSequence} on`;
  return { text: `File of a commit log${described ?? ''}`, facts: { kind: 'log-file', ...header }, damage };
}

interface FoundRecord extends ReadHeader<RecordHeader> {
  readonly start: number;
  readonly end: number;
}

/** A record whose header is whole, or would be but for one bit. */
function recordAt(bytes: Buffer, start: number): FoundRecord | undefined {
  const found = readHeaderOrMend(bytes.subarray(start, start + RECORD_HEADER_BYTES), decodeRecordHeader);
  return found && { ...found, start, end: start + RECORD_HEADER_BYTES + found.header.payloadLength };
}

function nextRecord(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(RECORD_MAGIC, from); at >= 0; at = bytes.indexOf(RECORD_MAGIC, at + 1)) {
    if (recordAt(bytes, at) !== undefined) return at;
  }
  return bytes.length;
}

function describeRecord(bytes: Buffer, found: FoundRecord, previous: RecordHeader | undefined): InspectedPart {
  const { header, start, end } = found;
  const { sequence, epoch, payloadLength } = header;
  const damage = recordDamage(bytes, found, previous);
  const payload = bytes.subarray(start + RECORD_HEADER_BYTES, end);
  const isWhole = end <= bytes.length && crc32(payload) === header.payloadChecksum;
  const commands = isWhole ? countCommands(payload) : undefined;
  const said = commands === undefined ? '' : `: ${describeCounts(commands)}`;
  return {
    text: `${start}: record ${sequence}, epoch ${epoch}, ${payloadLength} bytes${said}`,
    facts: { kind: 'record', offset: start, sequence, epoch, payloadLength, commands },
    damage,
  };
}

function recordDamage(bytes: Buffer, found: FoundRecord, previous: RecordHeader | undefined): Damage[] {
  const { header, start, end, flippedByte } = found;
  const field = (name: keyof RecordHeader, what: string): Damage => {
    return { offset: start + startOf(recordFields, name), field: name, what };
  };
  const damage: Damage[] = [];
  if (flippedByte !== undefined) damage.push(flippedBitIn(recordFields, { offset: start, byte: flippedByte }));
  if (previous !== undefined && header.sequence !== previous.sequence + 1) {
    damage.push(field('sequence', `it is ${header.sequence}, behind record ${previous.sequence}`));
  } else if (previous !== undefined && header.chain !== previous.checksum) {
    damage.push(field('chain', 'it is not the checksum of the record before'));
  }
  if (previous !== undefined && header.epoch < previous.epoch) {
    damage.push(field('epoch', `it is ${header.epoch}, behind one of epoch ${previous.epoch}`));
  }
  if (end > bytes.length) {
    damage.push({ offset: bytes.length, field: 'payload', what: `cut off: ${end - bytes.length} bytes are missing` });
  } else if (crc32(bytes.subarray(start + RECORD_HEADER_BYTES, end)) !== header.payloadChecksum) {
    damage.push({ offset: start + RECORD_HEADER_BYTES, field: 'payload', what: 'its checksum does not match' });
  }
  return damage;
}

/** How often each type of command occurs. */
function countCommands(payload: Buffer): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { type } of decodePayload(payload)) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  const said = Object.entries(counts).map(([type, count]) => (count === 1 ? type : `${count} × ${type}`));
  return said.length === 0 ? 'no command' : said.join(', ');
}

function describeRest(bytes: Buffer, start: number, end: number): InspectedPart {
  const isLast = end === bytes.length;
  const what = isLast
    ? 'no record begins here; an interrupted write may have left it, else it is damage'
    : 'no record begins here';
  return {
    text: `${start}: ${end - start} bytes that are no record`,
    facts: { kind: 'garbage', offset: start, length: end - start },
    damage: [{ offset: start, field: 'header of a record', what }],
  };
}

/** What is wrong with the header that a file begins with. */
function headerDamage(bytes: Buffer, found: ReadHeader<unknown> | undefined, fields: readonly Field[]): Damage[] {
  if (found)
    return found.flippedByte === undefined ? [] : [flippedBitIn(fields, { offset: 0, byte: found.flippedByte })];
  const size = Math.max(...fields.map((field) => field.start + field.length));
  if (bytes.length < size) {
    const what = `cut off: there are ${bytes.length} of ${size} bytes`;
    return [{ offset: bytes.length, field: fieldAt(fields, bytes.length), what }];
  }
  return [{ offset: 0, field: 'header', what: 'its checksum does not match, by more than one bit' }];
}
