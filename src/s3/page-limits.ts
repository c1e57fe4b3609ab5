/** How many entries a page may have, and where one by part numbers goes on. The decoder has checked that these are counts. */
import { S3Error } from './errors.ts';

/** Entries that a page of any listing but ListBuckets has at most. */
const entriesMax = 1000;
const int32Max = 2_147_483_647;

/** The limit of a page: the client's, but never more than 1,000. */
export function pageLimit(asked: number | undefined): number {
  return Math.min(asked ?? entriesMax, entriesMax);
}

/** The part that a listing of parts goes on after; 0 for the beginning. Throws InvalidArgument. */
export function parsePartMarker(argument: string, marker: string | undefined): number {
  if (marker === undefined || marker === '') return 0;
  const value = Number(marker);
  if (/^\d+$/.test(marker) && value <= int32Max) return value;
  throw new S3Error('InvalidArgument', {
    message: `Argument ${argument} must be an integer between 0 and ${int32Max}`,
    fields: { ArgumentName: argument, ArgumentValue: marker },
  });
}
