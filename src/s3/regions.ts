/** Regions, and the names of buckets in them. */
import { S3Error } from './errors.ts';

/** The region that location constraints do not name: for a bucket there, the constraint is left out. */
export const unnamedRegion = 'us-east-1';

/** What location constraints call a region by another name. */
const aliases: ReadonlyMap<string, string> = new Map([['EU', 'eu-west-1']]);
const regionPattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** The regions of this server. */
export interface Regions {
  /** Its own. */
  readonly own: string;
  /** Others that are accepted; `*` stands for any. */
  readonly others: readonly string[];
}

export function acceptsRegion({ own, others }: Regions, region: string): boolean {
  return region === own || others.includes(region) || others.includes('*');
}

export function bucketArn(bucketName: string): string {
  return `arn:aws:s3:::${bucketName}`;
}

/**
 * The region that a bucket is to be made in. Throws InvalidLocationConstraint for what names no region,
 * IllegalLocationConstraintException for one that is not accepted.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
 */
export function regionOfConstraint(constraint: string | undefined, regions: Regions): string {
  const isNamed = constraint !== undefined && constraint !== '';
  if (isNamed && (constraint === unnamedRegion || !(aliases.has(constraint) || regionPattern.test(constraint)))) {
    throw new S3Error('InvalidLocationConstraint', { fields: { LocationConstraint: constraint } });
  }
  const region = isNamed ? (aliases.get(constraint) ?? constraint) : unnamedRegion;
  if (acceptsRegion(regions, region)) return region;
  const shown = isNamed ? constraint : 'unspecified';
  throw new S3Error('IllegalLocationConstraintException', {
    message: `The ${shown} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  });
}
