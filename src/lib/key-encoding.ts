/** Keys percent-encoded as S3 spells them where not every character may stand: in listings and in reports. */

/** What `encodeURIComponent` leaves and S3 encodes, and the two that S3 spells in its own way. */
const departures: Readonly<Record<string, string>> = {
  '!': '%21',
  "'": '%27',
  '(': '%28',
  ')': '%29',
  '~': '%7E',
  '%20': '+',
  '%2F': '/',
};

/** A key as S3 encodes it: in the manner of a form (a space is `+`, measured on AWS), but slashes stay. */
export function encodeListed(text: string): string {
  return encodeURIComponent(text).replace(/[!'()~]|%20|%2F/g, (found) => departures[found] ?? found);
}
