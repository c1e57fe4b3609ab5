/**
 * Names of general purpose buckets.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */

const namePattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const ipPattern = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const reservedPrefixes = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const reservedSuffixes = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3', '-an'];

/** Whether a bucket may have this name. */
export function isBucketName(name: string): boolean {
  return (
    namePattern.test(name) &&
    !name.includes('..') &&
    // No label of a host name begins or ends with a hyphen.
    !name.includes('.-') &&
    !name.includes('-.') &&
    !ipPattern.test(name) &&
    !reservedPrefixes.some((prefix) => name.startsWith(prefix)) &&
    !reservedSuffixes.some((suffix) => name.endsWith(suffix))
  );
}
