/** Tables of text with aligned columns. Pure. */

export interface TableOptions {
  /** Columns whose texts end at one place, as numbers do. */
  readonly alignedRight?: readonly number[];
  /** Put before every line. */
  readonly indent?: string;
}

/** The rows as lines; columns are as wide as their longest text, and two blanks apart. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { alignedRight = [], indent = '  ' } = options;
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) => {
      const cells = row.map((text, i) =>
        alignedRight.includes(i) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0),
      );
      return `${indent}${cells.join('  ')}`.trimEnd();
    })
    .join('\n');
}
