/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketMetricsConfiguration.html */
import { metricsConfigurations } from '../../engine/metrics/configurations.ts';
import { metricsElement } from '../metrics/write-configuration.ts';
import { checkConfigurationId, findConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const getBucketMetricsConfiguration = operation({
  name: 'GetBucketMetricsConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkConfigurationId(Id);
    const configurations = await metricsConfigurations.read(request.engine.buckets, request.bucket());
    return { output: { MetricsConfiguration: metricsElement(findConfiguration(configurations, Id)) } };
  },
});
