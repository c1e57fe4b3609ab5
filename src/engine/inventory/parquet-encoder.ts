/**
 * A report in Parquet, with AWS's names and types of columns: rows come as those of a CSV report, and go as row groups. What a
 * row has nothing of is null; keys are as they are, not encoded.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html#storage-inventory-location-manifest
 */
import { ByteWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import { isRequired, type Kind, kindOf, nameOf } from './parquet-columns.ts';

const types: Readonly<Record<Kind, Omit<SchemaElement, 'name'>>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  boolean: { type: 'BOOLEAN' },
  integer: { type: 'INT64' },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
};

const readers: Readonly<Record<Kind, (text: string) => unknown>> = {
  text: (text) => text,
  boolean: (text) => text === 'true',
  integer: BigInt,
  time: (text) => new Date(text),
};

export class ParquetEncoder {
  readonly #columns: readonly string[];
  readonly #bytes = new TakenBytes();
  readonly #writer: ParquetWriter;

  constructor(columns: readonly string[]) {
    this.#columns = columns;
    const fields = columns.map((column): SchemaElement => {
      const repetition_type = isRequired(column) ? 'REQUIRED' : 'OPTIONAL';
      return { name: nameOf(column), ...types[kindOf(column)], repetition_type };
    });
    const root: SchemaElement = { name: 's3.inventory', num_children: fields.length };
    this.#writer = new ParquetWriter({ writer: this.#bytes, schema: [root, ...fields], createdBy: 'ninefold' });
  }

  /** A row group of whole lines; returns its bytes. */
  encode(lines: string): Uint8Array {
    const rows = lines
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(1, -1).split('","'));
    const columnData = this.#columns.map((column, at) => {
      const read = column === 'Key' ? decodeListed : readers[kindOf(column)];
      const data = rows.map((row) => (row[at] === undefined || row[at] === '' ? undefined : read(row[at])));
      return { name: nameOf(column), data };
    });
    this.#writer.write({ columnData, rowGroupSize: rows.length });
    return this.#bytes.take();
  }

  /** What comes behind the last row group. */
  finish(): Uint8Array {
    this.#writer.finish();
    return this.#bytes.take();
  }
}

/** Gives away what was written; offsets count on. */
class TakenBytes extends ByteWriter {
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.getBytes().slice();
    this.index = 0;
    return taken;
  }
}

function decodeListed(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
