/** Text of the protocol as values. Each function answers undefined for text that is no value of its kind. */

export function readInteger(text: string): number | undefined {
  if (!/^[+-]?[0-9]{1,19}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function readBoolean(text: string): boolean | undefined {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === '1') return true;
  return lower === 'false' || lower === '0' ? false : undefined;
}

const isoDate = /^(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

/** A date as ISO 8601; without a zone it is UTC, and a day alone is its midnight. */
export function readIsoDate(text: string): Date | undefined {
  const parts = isoDate.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, zone] = parts;
  // Date.parse takes 31 June for 1 July.
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return undefined;
  const date = new Date(zone === undefined && text.includes('T') ? `${text}Z` : text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const time = String.raw`\d\d:\d\d:\d\d`;
/** The three forms of RFC 9110, section 5.6.7; the zone of the first may be written otherwise. */
const httpDates = [
  new RegExp(`^\\w{3}, \\d{1,2} \\w{3} \\d{4} ${time} (?:GMT|UTC|[+-]\\d{4})$`),
  new RegExp(`^\\w{6,9}, \\d\\d-\\w{3}-\\d\\d ${time} GMT$`),
  new RegExp(`^\\w{3} \\w{3} [ \\d]\\d ${time} \\d{4}$`),
];

/** A date as in HTTP headers, or as ISO 8601, which some clients send there. */
export function readHttpDate(text: string): Date | undefined {
  const form = httpDates.findIndex((pattern) => pattern.test(text));
  if (form < 0) return readIsoDate(text);
  const date = new Date(form === 2 ? `${text} GMT` : text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Enumerations that clients write in any case; their values are upper case. */
const anyCase = new Set(['ChecksumAlgorithm', 'ChecksumMode', 'ChecksumType']);

/** Values that S3 takes beyond those of its model. https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl */
const beyondModel: Readonly<Record<string, readonly string[]>> = {
  BucketCannedACL: ['aws-exec-read', 'bucket-owner-full-control', 'bucket-owner-read', 'log-delivery-write'],
};

/** Enumerations of whose other values S3 says more than MalformedXML: their operations read them. */
const leftToOperation: ReadonlySet<string> = new Set(['FilterRuleName']);

/** The value of an enumeration that the text names. */
export function enumReader(name: string, values: readonly string[]): (text: string) => string | undefined {
  if (leftToOperation.has(name)) return (text) => text;
  const known = new Set([...values, ...(beyondModel[name] ?? [])]);
  if (anyCase.has(name)) return (text) => (known.has(text.toUpperCase()) ? text.toUpperCase() : undefined);
  return (text) => (known.has(text) ? text : undefined);
}
