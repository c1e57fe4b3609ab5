/** How data files of a report are written: what they are called, what the manifest says of them, and who writes them. */
import { CompressedFile } from './compressed-file.ts';
import type { InventoryFormat } from './configuration.ts';
import { parquetSchemaText } from './parquet-columns.ts';
import { ParquetFile } from './parquet-file.ts';
import type { ReportFileWriter } from './types.ts';

export interface FileFormat {
  /** What its files end in. */
  readonly extension: string;
  /** Of a report with these columns, by their names in CSV. */
  schema(columns: readonly string[]): string;
  open(columns: readonly string[]): ReportFileWriter;
}

export const fileFormats: Readonly<Record<InventoryFormat, FileFormat>> = {
  CSV: {
    extension: 'csv.gz',
    schema: (columns) => columns.join(', '),
    open: () => new CompressedFile(),
  },
  Parquet: {
    extension: 'parquet',
    schema: parquetSchemaText,
    open: (columns) => new ParquetFile(columns),
  },
};
