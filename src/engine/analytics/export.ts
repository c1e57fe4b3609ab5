/**
 * The file of a storage class analysis, with AWS's columns. Rows stand by date within each age group of a storage class; those
 * of all ages come last. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/analytics-storage-class.html#analytics-storage-class-export-file-layout
 */
import type { ObjectFilter } from '../object-filter.ts';
import { ageGroups } from './age-groups.ts';
import { addCell, type Cell, type Day, noCell } from './days.ts';

const columns = [
  'Date',
  'ConfigId',
  'Filter',
  'StorageClass',
  'ObjectAge',
  'ObjectCount',
  'DataUploaded_MB',
  'Storage_MB',
  'DataRetrieved_MB',
  'GetRequestCount',
  'CumulativeAccessRatio',
  'ObjectAgeForSIATransition',
  'RecommendedObjectAgeForSIATransition',
];

/** Days before it is said from which age on objects may be moved, and that a ratio is of. */
export const observedDays = 30;
/** Days in which an age stays the same before it is recommended. */
const stableDays = 7;
/** STANDARD_IA bills thirty days at least. */
const ageMin = 30;
/** Of what is stored, retrieved in thirty days: more than that costs more than STANDARD_IA saves. */
const ratioMax = 1;
const mebibyte = 1024 * 1024;

export function analysisFile(
  { id, filter }: { readonly id: string; readonly filter: ObjectFilter },
  days: readonly Day[],
): string {
  const classes = [...new Set(days.flatMap(({ cells }) => Object.keys(cells)))].toSorted();
  const row = (at: number, storageClass: string, values: readonly (string | number)[]) =>
    [dateText(days[at]?.atMs ?? 0), id, filterText(filter), storageClass, ...values].map(quoted).join(',');
  const lines = [columns.join(',')];
  for (const storageClass of classes) {
    for (const [group, { name }] of ageGroups.entries()) {
      for (const [at, { cells }] of days.entries()) {
        const cell = cells[storageClass]?.[group] ?? undefined;
        if (cell === undefined) continue;
        const ratio = accessRatio(days.slice(0, at + 1), { storageClass, fromGroup: group });
        lines.push(row(at, storageClass, [name, ...figures(cell), number(ratio), '', '']));
      }
    }
  }
  for (const storageClass of classes) {
    const ages = storageClass === 'STANDARD' ? days.map((_day, at) => transitionAge(days.slice(0, at + 1))) : [];
    for (const [at, { cells }] of days.entries()) {
      if (cells[storageClass] === undefined) continue;
      const ratio = accessRatio(days.slice(0, at + 1), { storageClass, fromGroup: 0 });
      const all = figures(sumFrom(cells[storageClass] ?? [], 0));
      lines.push(row(at, storageClass, ['ALL', ...all, number(ratio), ages[at] ?? '', recommendedAge(ages, at) ?? '']));
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * How much of what is stored of an age and of all greater ones is retrieved in thirty days: the bytes retrieved in the last
 * thirty of the days, over the mean of those stored.
 */
export function accessRatio(
  days: readonly Day[],
  { storageClass, fromGroup }: { storageClass: string; fromGroup: number },
): number {
  const last = days.slice(-observedDays).map(({ cells }) => sumFrom(cells[storageClass] ?? [], fromGroup));
  const stored = last.reduce((sum, { storedBytes }) => sum + storedBytes, 0) / Math.max(1, last.length);
  const retrieved = last.reduce((sum, { retrievedBytes }) => sum + retrievedBytes, 0);
  return stored === 0 ? 0 : retrieved / stored;
}

/** The least age from which on objects in STANDARD are asked for seldom enough; undefined as long as too few days were seen. */
export function transitionAge(days: readonly Day[]): number | undefined {
  if (days.length < observedDays) return undefined;
  const storageClass = 'STANDARD';
  return ageGroups.find(({ from }, fromGroup) => {
    return from >= ageMin && accessRatio(days, { storageClass, fromGroup }) < ratioMax;
  })?.from;
}

/** The age that was the same for some days. */
function recommendedAge(ages: readonly (number | undefined)[], at: number): number | undefined {
  const last = ages.slice(Math.max(0, at + 1 - stableDays), at + 1);
  return last.length === stableDays && new Set(last).size === 1 ? last[0] : undefined;
}

function sumFrom(ofClass: readonly (Cell | null)[], fromGroup: number): Cell {
  const sum = noCell();
  for (const cell of ofClass.slice(fromGroup)) if (cell !== null) addCell(sum, cell);
  return sum;
}

function figures({ objects, uploadedBytes, storedBytes, retrievedBytes, gets }: Cell): readonly (string | number)[] {
  const megabytes = (bytes: number) => number(bytes / mebibyte);
  return [objects, megabytes(uploadedBytes), megabytes(storedBytes), megabytes(retrievedBytes), gets];
}

/** Six digits behind the point at most. */
function number(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** `MM-DD-YYYY` */
function dateText(ms: number): string {
  const [year, month, day] = new Date(ms).toISOString().slice(0, 10).split('-');
  return `${month}-${day}-${year}`;
}

function filterText({ prefix, tags }: ObjectFilter): string {
  const conditions = tags.map(({ key, value }) => `tag:${key}=${value}`);
  return [...(prefix === undefined ? [] : [`prefix=${prefix}`]), ...conditions].join(';');
}

function quoted(value: string | number): string {
  return typeof value === 'string' && /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : String(value);
}
