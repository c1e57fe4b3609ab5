/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketMetricsConfigurations.html */
import { metricsConfigurations } from '../../engine/metrics/configurations.ts';
import { metricsElement } from '../metrics/write-configuration.ts';
import { pageOfConfigurations } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const listBucketMetricsConfigurations = operation({
  name: 'ListBucketMetricsConfigurations',
  supports: ['ContinuationToken'],
  async run(request, { ContinuationToken }) {
    const configurations = await metricsConfigurations.read(request.engine.buckets, request.bucket());
    const { page, output } = pageOfConfigurations(configurations, { kind: 'metrics', ContinuationToken });
    return { output: { ...output, MetricsConfigurationList: page.map(metricsElement) } };
  },
});
