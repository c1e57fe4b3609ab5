/**
 * The columns of a report in Parquet: AWS's names and types. Apart from the encoder, so that a server which writes no such
 * report does not load what encodes it.
 */

export type Kind = 'text' | 'boolean' | 'integer' | 'time';

/** Of the columns that are no text. */
const kinds: Readonly<Record<string, Kind>> = {
  IsLatest: 'boolean',
  IsDeleteMarker: 'boolean',
  Size: 'integer',
  LastModifiedDate: 'time',
  IsMultipartUploaded: 'boolean',
  ObjectLockRetainUntilDate: 'time',
  LifecycleExpirationDate: 'time',
  IntelligentTieringReferenceDate: 'time',
};

const required: ReadonlySet<string> = new Set(['Bucket', 'Key']);

/** As manifests spell them. */
const typeNames: Readonly<Record<Kind, readonly [type: string, meaning: string]>> = {
  text: ['binary', ' (STRING)'],
  boolean: ['boolean', ''],
  integer: ['int64', ''],
  time: ['int64', ' (TIMESTAMP(MILLIS,true))'],
};

export function kindOf(column: string): Kind {
  return kinds[column] ?? 'text';
}

export function isRequired(column: string): boolean {
  return required.has(column);
}

/** What the manifest of a report with these columns, by their names in CSV reports, says of its files. */
export function parquetSchemaText(columns: readonly string[]): string {
  const fields = columns.map((column) => {
    const [type, meaning] = typeNames[kindOf(column)];
    return `  ${isRequired(column) ? 'required' : 'optional'} ${type} ${nameOf(column)}${meaning};`;
  });
  return `message s3.inventory {${fields.join('')}}`;
}

/** `ETag` → `e_tag` */
export function nameOf(column: string): string {
  return column.replace(/(?!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
