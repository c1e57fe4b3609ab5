/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketAnalyticsConfiguration.html */
import { analyticsConfigurations } from '../../engine/analytics/configurations.ts';
import { checkConfigurationId, withoutConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const deleteBucketAnalyticsConfiguration = operation({
  name: 'DeleteBucketAnalyticsConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    const { analytics, buckets, watches } = request.engine;
    checkConfigurationId(Id);
    await analyticsConfigurations.change(buckets, request.bucket(), (known) => withoutConfiguration(known, Id));
    await watches.reload(request.bucket());
    await analytics.forget(request.bucket(), Id);
    return { output: {} };
  },
});
