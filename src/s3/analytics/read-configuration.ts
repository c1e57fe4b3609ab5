/**
 * Analytics configurations as clients put them, checked as S3 checks them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_AnalyticsConfiguration.html
 */
import type { AnalyticsConfiguration } from '../../engine/analytics/configurations.ts';
import type { InputOf } from '../model/types.ts';
import { checkOwnId } from '../named-configurations.ts';
import { readObjectFilter } from '../object-filters.ts';
import { checkDestinationAccount, readDestinationBucket } from '../report-destinations.ts';

/** Throws MalformedXML, InvalidArgument, InvalidConfigurationId, InvalidTag, InvalidS3DestinationBucket. */
export function readAnalytics(
  { Id: own, Filter, StorageClassAnalysis }: InputOf<'PutBucketAnalyticsConfiguration'>['AnalyticsConfiguration'],
  { id }: { id: string },
): AnalyticsConfiguration {
  checkOwnId(id, { own });
  const filter = readObjectFilter(Filter);
  const place = StorageClassAnalysis?.DataExport?.Destination?.S3BucketDestination;
  if (place === undefined) return { id, filter };
  const { Bucket = '', BucketAccountId, Prefix: prefix } = place;
  checkDestinationAccount({ BucketAccountId });
  return { id, filter, destination: { bucket: readDestinationBucket(Bucket), account: BucketAccountId, prefix } };
}
