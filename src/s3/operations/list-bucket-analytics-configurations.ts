/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketAnalyticsConfigurations.html */
import { analyticsConfigurations } from '../../engine/analytics/configurations.ts';
import { analyticsElement } from '../analytics/write-configuration.ts';
import { pageOfConfigurations } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const listBucketAnalyticsConfigurations = operation({
  name: 'ListBucketAnalyticsConfigurations',
  supports: ['ContinuationToken'],
  async run(request, { ContinuationToken }) {
    const configurations = await analyticsConfigurations.read(request.engine.buckets, request.bucket());
    const { page, output } = pageOfConfigurations(configurations, { kind: 'analytics', ContinuationToken });
    return { output: { ...output, AnalyticsConfigurationList: page.map(analyticsElement) } };
  },
});
