/** The report as a table for people. */
import type { Regression } from './baseline.ts';
import { columnsText } from './columns.ts';
import { type Figure, isMet, type Quantity } from './figure.ts';

const headings = [
  'work',
  'figure',
  'limit',
  '',
  'ratio',
  'aim',
  '',
  'p50 ms',
  'p99 ms',
  'CPU/request',
  'client',
  'peak MiB',
];
/** Columns of words; the others hold numbers, which stand to the right. */
const wordColumns = new Set([0, 3, 6]);

export function digits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(value >= 10 ? 1 : 2);
}

function quantityText({ value, unit }: Quantity): string {
  return `${digits(value)} ${unit === 'per s' ? '/s' : unit}`;
}

function cpuText(ms: number): string {
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : `${digits(ms)} ms`;
}

function cells(figure: Figure): readonly string[] {
  const { title, measured, limit, ratio, ratioBounds, aim, p50Ms, p99Ms } = figure;
  const bounds = ratioBounds === undefined ? '' : ` (${ratioBounds.map((bound) => bound.toFixed(2)).join('–')})`;
  const met = isMet(figure);
  const optional = (value: number | undefined, text: (value: number) => string): string =>
    value === undefined ? '' : text(value);
  return [
    title,
    quantityText(measured),
    limit === undefined ? '' : quantityText(limit),
    limit?.what ?? '',
    optional(ratio, (value) => `${value.toFixed(2)}${bounds}`),
    aim === undefined ? '' : `${aim.isMost ? '≤' : '≥'} ${aim.ratio.toFixed(2)}`,
    met === undefined ? '' : met ? 'met' : 'missed',
    optional(p50Ms, digits),
    optional(p99Ms, digits),
    optional(figure.cpuMsPerRequest, cpuText),
    optional(figure.clientCpuMsPerRequest, cpuText),
    optional(figure.peakMebibytes, (value) => String(Math.round(value))),
  ];
}

export function tableText(figures: readonly Figure[]): string {
  return columnsText([headings, ...figures.map(cells)], wordColumns);
}

export function regressionsText(regressions: readonly Regression[]): string {
  if (regressions.length === 0) return 'No ratio is more than a tenth worse than in the baseline.';
  const lines = regressions.map(
    ({ name, title, ratio, before }) => `  ${name} (${title}): ${ratio.toFixed(2)}, before ${before.toFixed(2)}`,
  );
  return `More than a tenth worse than in the baseline:\n${lines.join('\n')}`;
}
