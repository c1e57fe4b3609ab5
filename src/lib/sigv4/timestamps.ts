/** The forms of date that a signed request may carry. */
import { RecentMap } from '../recent-map.ts';

export interface Timestamp {
  readonly epochMs: number;
  /** yyyyMMdd'T'HHmmss'Z', as strings to sign have it. */
  readonly basic: string;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const rfc1123 = /^(?:[A-Za-z]{3}, *)?(\d{1,2}) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (GMT|UTC|Z|[+-]\d{4})$/;

/** Those that were parsed of late: requests of one second carry the same. */
const known = new RecentMap<string, Timestamp>(256);

/** yyyyMMdd'T'HHmmss'Z'; undefined where the text is anything else or no real moment. */
export function parseBasicTimestamp(text: string): Timestamp | undefined {
  const recent = known.get(text);
  if (recent !== undefined) return recent;
  const parsed = parseBasic(text);
  if (parsed !== undefined) known.set(text, parsed);
  return parsed;
}

function parseBasic(text: string): Timestamp | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return fromFields([year, month, day, hour, minute, second]);
}

/** The form above, or that of the Date header (RFC 1123, with a zone name or an offset such as -0000). */
export function parseTimestamp(text: string): Timestamp | undefined {
  return parseBasicTimestamp(text) ?? parseRfc1123(text);
}

/** Milliseconds since 1970 as yyyy-MM-ddTHH:mm:ssZ, the form of dates in error answers. */
export function extendedTimestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since 1970 as yyyyMMdd'T'HHmmss'Z', the form of dates in signatures. */
export function basicTimestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function parseRfc1123(text: string): Timestamp | undefined {
  const match = rfc1123.exec(text.trim());
  if (match === null) return undefined;
  const [, day, monthName, year, hour, minute, second, zone] = match;
  const month = months.findIndex((name) => name.toLowerCase() === monthName?.toLowerCase()) + 1;
  const local = fromFields([Number(year), month, Number(day), Number(hour), Number(minute), Number(second)]);
  if (local === undefined) return undefined;
  const offset = zone?.startsWith('+') || zone?.startsWith('-') ? Number(zone) : 0;
  const offsetMinutes = Math.trunc(offset / 100) * 60 + (offset % 100);
  return timestamp(local.epochMs - offsetMinutes * 60_000);
}

/** Refuses fields that Date would carry over, such as the 31st of June. */
function fromFields(fields: readonly (number | undefined)[]): Timestamp | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  const made = timestamp(Date.UTC(year, month - 1, day, hour, minute, second));
  const digits = [year, month, day].map((n, i) => String(n).padStart(i === 0 ? 4 : 2, '0')).join('');
  return made.basic.startsWith(digits) && hour < 24 && minute < 60 && second < 60 ? made : undefined;
}

function timestamp(epochMs: number): Timestamp {
  return { epochMs, basic: basicTimestamp(epochMs) };
}
