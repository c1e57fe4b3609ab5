/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketIntelligentTieringConfigurations.html */
import { tieringConfigurations } from '../../engine/tiering/configurations.ts';
import { pageOfConfigurations } from '../named-configurations.ts';
import { operation } from '../operation.ts';
import { tieringElement } from '../tiering/write-configuration.ts';

export const listBucketIntelligentTieringConfigurations = operation({
  name: 'ListBucketIntelligentTieringConfigurations',
  supports: ['ContinuationToken'],
  async run(request, { ContinuationToken }) {
    const configurations = await tieringConfigurations.read(request.engine.buckets, request.bucket());
    const { page, output } = pageOfConfigurations(configurations, { kind: 'tierings', ContinuationToken });
    return { output: { ...output, IntelligentTieringConfigurationList: page.map(tieringElement) } };
  },
});
