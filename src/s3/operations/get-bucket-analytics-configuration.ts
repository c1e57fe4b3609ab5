/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAnalyticsConfiguration.html */
import { analyticsConfigurations } from '../../engine/analytics/configurations.ts';
import { analyticsElement } from '../analytics/write-configuration.ts';
import { checkConfigurationId, findConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const getBucketAnalyticsConfiguration = operation({
  name: 'GetBucketAnalyticsConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkConfigurationId(Id);
    const configurations = await analyticsConfigurations.read(request.engine.buckets, request.bucket());
    return { output: { AnalyticsConfiguration: analyticsElement(findConfiguration(configurations, Id)) } };
  },
});
