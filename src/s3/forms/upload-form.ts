/**
 * The form of a browser's upload: its fields, which come first and are few, and behind them the file, as a stream. What
 * follows the file is ignored, but for a second one.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
 */
import { S3Error } from '../errors.ts';
import { decodeUtf8, MultipartReader } from './multipart-reader.ts';

export interface FormField {
  /** As it was sent. */
  readonly name: string;
  readonly value: string;
}

/** By name in lower case, in the order in which they came. */
export type FormFields = ReadonlyMap<string, FormField>;

export interface UploadForm {
  readonly fields: FormFields;
  /** The content of the file. It ends without an error only where the whole form did. */
  readonly file: AsyncIterable<Uint8Array>;
}

/** Of everything up to the content of the file: 20 KB, as AWS has it. */
const fieldsBytesMax = 20_480;

const fileField = 'file';
const oneFile = 'POST requires exactly one file upload per request.';

/** Reads a form as far as its file. `source` are the bytes of a body of that Content-Type. */
export async function readForm(source: AsyncIterable<Uint8Array>, contentType: string): Promise<UploadForm> {
  const reader = new MultipartReader(source, contentType);
  const fields = new Map<string, FormField>();
  // What precedes the first part means nothing, but counts.
  await readContent(reader);
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    requireShort(reader);
    const { name, filename } = part;
    if (name.toLowerCase() === fileField) {
      return { fields: filename === undefined ? fields : withFilename(fields, filename), file: fileOf(reader) };
    }
    addField(fields, { name, value: await readContent(reader) });
  }
  throw new S3Error('InvalidArgument', { message: oneFile, fields: { ArgumentName: fileField, ArgumentValue: '0' } });
}

async function readContent(reader: MultipartReader): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of reader.content()) {
    requireShort(reader);
    // A piece is valid until the next one is asked for.
    pieces.push(Buffer.from(piece));
  }
  return decodeUtf8(Buffer.concat(pieces));
}

function requireShort(reader: MultipartReader): void {
  if (reader.position <= fieldsBytesMax) return;
  throw new S3Error('MaxPostPreDataLengthExceeded', { fields: { MaxPostPreDataLengthBytes: String(fieldsBytesMax) } });
}

/** The values of fields of one name are one value, with commas between them. */
function addField(fields: Map<string, FormField>, field: FormField): void {
  const key = field.name.toLowerCase();
  const known = fields.get(key);
  fields.set(key, known === undefined ? field : { ...known, value: `${known.value},${field.value}` });
}

/**
 * `${filename}` in any field is the name of the file, without the path that some browsers send. AWS's page says that it is
 * empty where the file has no name; S3 itself leaves the text as it is then (measured by others on 2026-02-21).
 */
function withFilename(fields: FormFields, filename: string): FormFields {
  const base = filename.split(/[/\\]/).at(-1) ?? '';
  return new Map(
    [...fields].map(([key, { name, value }]) => [key, { name, value: value.replaceAll('${filename}', () => base) }]),
  );
}

async function* fileOf(reader: MultipartReader): AsyncGenerator<Uint8Array> {
  try {
    yield* reader.content();
    for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
      if (part.name.toLowerCase() === fileField) throw new S3Error('IncorrectNumberOfFilesInPostRequest');
    }
  } finally {
    await reader.close();
  }
}
