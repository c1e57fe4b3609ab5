/**
 * Days of rules. A day ends at midnight UTC; where days are made shorter, at every multiple of their length since 1970.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
 */

/** The day as AWS counts it, which is what answers tell of. */
export const dayMs = 24 * 60 * 60 * 1000;

/** The end of the day in which so many days have passed since a moment. */
export function endOfDays({ sinceMs, days }: { sinceMs: number; days: number }, dayLengthMs: number): number {
  return (Math.floor(sinceMs / dayLengthMs) + days + 1) * dayLengthMs;
}
