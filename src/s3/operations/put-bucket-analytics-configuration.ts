/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAnalyticsConfiguration.html */
import { analyticsConfigurations } from '../../engine/analytics/configurations.ts';
import { readAnalytics } from '../analytics/read-configuration.ts';
import { withConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const putBucketAnalyticsConfiguration = operation({
  name: 'PutBucketAnalyticsConfiguration',
  supports: ['Id', 'AnalyticsConfiguration'],
  async run(request, { Id, AnalyticsConfiguration }) {
    const { buckets, watches } = request.engine;
    const put = readAnalytics(AnalyticsConfiguration, { id: Id });
    await analyticsConfigurations.change(buckets, request.bucket(), (known) => withConfiguration(known, put));
    await watches.reload(request.bucket());
    return { output: {} };
  },
});
