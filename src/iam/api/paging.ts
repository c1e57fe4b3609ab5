/** Pages of lists: at most MaxItems of them, and a marker that says where the next page goes on. */
import { IamError } from '../errors.ts';
import { checkRange } from './validation.ts';

const itemsDefault = 100;
const itemsMax = 1000;

export interface PageRequest {
  readonly Marker?: string | undefined;
  readonly MaxItems?: number | undefined;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly rest: { readonly IsTruncated: boolean; readonly Marker?: string };
}

/** `keyOfItem` is what the list is in order of. */
export function pageOf<T>(all: readonly T[], request: PageRequest, keyOfItem: (item: T) => string): Page<T> {
  const limit = checkRange(request.MaxItems ?? itemsDefault, { member: 'maxItems', from: 1, to: itemsMax });
  const after = request.Marker === undefined ? undefined : decodeMarker(request.Marker);
  const from = after === undefined ? 0 : all.findIndex((item) => keyOfItem(item) > after);
  const items = from === -1 ? [] : all.slice(from, from + limit);
  const last = items.at(-1);
  if (last === undefined || from + items.length === all.length) return { items, rest: { IsTruncated: false } };
  return { items, rest: { IsTruncated: true, Marker: encodeMarker(keyOfItem(last)) } };
}

function encodeMarker(key: string): string {
  return Buffer.from(`after ${key}`).toString('base64');
}

function decodeMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString();
  if (text.startsWith('after ')) return text.slice('after '.length);
  throw new IamError('ValidationError', `Invalid Marker: ${marker}`);
}
