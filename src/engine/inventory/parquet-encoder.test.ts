/** Rows of a report → a file in Parquet, as a reader that is not ours finds it. */
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { parquetSchemaText } from './parquet-columns.ts';
import { ParquetEncoder } from './parquet-encoder.ts';

const columns = [
  'Bucket',
  'Key',
  'VersionId',
  'IsLatest',
  'Size',
  'LastModifiedDate',
  'ETag',
  'ObjectLockRetainUntilDate',
];

function line(...values: string[]): string {
  return `${values.map((value) => `"${value}"`).join(',')}\n`;
}

test('rows in two groups → typed values, null where a row has nothing; keys are not encoded', async () => {
  const encoder = new ParquetEncoder(columns);
  const time = '2026-11-27T10:11:12.000Z';
  const chunks = [
    encoder.encode(
      line('b', 'a/%F0%9F%98%80+%2B%0A', 'v', 'true', '9007199254740993', time, 'abc', '') +
        line('b', 'k', '', 'false', '', time, '', ''),
    ),
    encoder.encode(line('b', 'z', 'w', 'true', '0', time, 'def', '')),
    encoder.finish(),
  ];
  const bytes = Uint8Array.from(Buffer.concat(chunks));
  const file = bytes.buffer;
  const none = { object_lock_retain_until_date: null };
  const at = { bucket: 'b', last_modified_date: new Date(time) };
  expect(await parquetReadObjects({ file })).toEqual([
    { ...at, key: 'a/😀 +\n', version_id: 'v', is_latest: true, size: 9007199254740993n, e_tag: 'abc', ...none },
    { ...at, key: 'k', version_id: null, is_latest: false, size: null, e_tag: null, ...none },
    { ...at, key: 'z', version_id: 'w', is_latest: true, size: 0n, e_tag: 'def', ...none },
  ]);
  const { row_groups, schema } = parquetMetadata(file);
  expect(row_groups.map(({ num_rows }) => num_rows)).toEqual([2n, 1n]);
  expect(schema.slice(1).map(({ name, repetition_type }) => `${repetition_type} ${name}`)).toEqual([
    'REQUIRED bucket',
    'REQUIRED key',
    'OPTIONAL version_id',
    'OPTIONAL is_latest',
    'OPTIONAL size',
    'OPTIONAL last_modified_date',
    'OPTIONAL e_tag',
    'OPTIONAL object_lock_retain_until_date',
  ]);
});

test('columns → what the manifest says of them', () => {
  expect(parquetSchemaText(['Bucket', 'Key', 'IsLatest', 'Size', 'LastModifiedDate', 'ETag'])).toBe(
    'message s3.inventory {  required binary bucket (STRING);  required binary key (STRING);  optional boolean is_latest;  optional int64 size;  optional int64 last_modified_date (TIMESTAMP(MILLIS,true));  optional binary e_tag (STRING);}',
  );
});
