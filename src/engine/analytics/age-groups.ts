/**
 * Groups of objects by their age in days, as AWS has them. Pure.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/analytics-storage-class.html
 */

export const ageGroups = [
  { name: '000-014', from: 0 },
  { name: '015-029', from: 15 },
  { name: '030-044', from: 30 },
  { name: '045-059', from: 45 },
  { name: '060-074', from: 60 },
  { name: '075-089', from: 75 },
  { name: '090-119', from: 90 },
  { name: '120-149', from: 120 },
  { name: '150-179', from: 150 },
  { name: '180-364', from: 180 },
  { name: '365-729', from: 365 },
  { name: '730+', from: 730 },
] as const;

/** Index of the group of an age. */
export function ageGroupOf(ageDays: number): number {
  const above = ageGroups.findIndex(({ from }) => from > ageDays);
  return above === -1 ? ageGroups.length - 1 : Math.max(0, above - 1);
}

/** Smaller objects are not analysed: moving them to an infrequent class would not pay. */
export const analysedBytesMin = 128 * 1024;
