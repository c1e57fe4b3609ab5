/** Times as S3 shows and compares them: whole seconds, although the index keeps milliseconds. */

/** The second that a moment lies in, in milliseconds since 1970. */
export function wholeSecondMs(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

/** A moment as S3 shows it in headers and documents. */
export function shownTime(ms: number): Date {
  return new Date(wholeSecondMs(ms));
}
