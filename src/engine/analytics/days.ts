/**
 * What was stored and asked for on a day, by storage class and age of the objects; and the days that are remembered of a
 * configuration, the oldest first. Pure.
 */
import { z } from 'zod';
import { ageGroups } from './age-groups.ts';

/** Of the objects of one age in one class. */
const cellSchema = z.strictObject({
  objects: z.int(),
  storedBytes: z.int(),
  uploadedBytes: z.int(),
  retrievedBytes: z.int(),
  gets: z.int(),
});
export type Cell = z.infer<typeof cellSchema>;

/** By storage class, and in the order of the groups; null where there was nothing. */
const cellsSchema = z.record(z.string(), z.array(cellSchema.nullable()));
export type Cells = z.infer<typeof cellsSchema>;

const daysSchema = z.array(z.strictObject({ atMs: z.int(), cells: cellsSchema }));
/** When it was summed up, and what of it. */
export type Day = z.infer<typeof daysSchema>[number];

/** As many as the report shows of a year. */
const daysMax = 366;

export function cellOf(cells: Cells, { storageClass, group }: { storageClass: string; group: number }): Cell {
  const ofClass = cells[storageClass] ?? ageGroups.map(() => null);
  cells[storageClass] = ofClass;
  const cell = ofClass[group] ?? noCell();
  ofClass[group] = cell;
  return cell;
}

export function noCell(): Cell {
  return { objects: 0, storedBytes: 0, uploadedBytes: 0, retrievedBytes: 0, gets: 0 };
}

export function addCell(to: Cell, more: Cell): void {
  to.objects += more.objects;
  to.storedBytes += more.storedBytes;
  to.uploadedBytes += more.uploadedBytes;
  to.retrievedBytes += more.retrievedBytes;
  to.gets += more.gets;
}

export function addCells(to: Cells, more: Cells): void {
  for (const [storageClass, ofClass] of Object.entries(more)) {
    for (const [group, cell] of ofClass.entries())
      if (cell !== null) addCell(cellOf(to, { storageClass, group }), cell);
  }
}

/** Without the oldest, where they are too many. */
export function withDay(days: readonly Day[], day: Day): readonly Day[] {
  return [...days, day].slice(-daysMax);
}

export function encodeDays(days: readonly Day[]): string {
  return JSON.stringify(days);
}

export function decodeDays(document: string | undefined): readonly Day[] {
  return document === undefined ? [] : daysSchema.parse(JSON.parse(document));
}

/** Cells of buckets' configurations that are not part of a day yet. */
const pendingSchema = z.record(z.string(), z.record(z.string(), cellsSchema));
export type Pending = z.infer<typeof pendingSchema>;

export function decodePending(document: string): Pending {
  return pendingSchema.parse(JSON.parse(document));
}
