/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketMetricsConfiguration.html */
import { metricsConfigurations } from '../../engine/metrics/configurations.ts';
import { checkConfigurationId, withoutConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const deleteBucketMetricsConfiguration = operation({
  name: 'DeleteBucketMetricsConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    const { buckets, watches } = request.engine;
    checkConfigurationId(Id);
    await metricsConfigurations.change(buckets, request.bucket(), (known) => withoutConfiguration(known, Id));
    await watches.reload(request.bucket());
    return { output: {} };
  },
});
