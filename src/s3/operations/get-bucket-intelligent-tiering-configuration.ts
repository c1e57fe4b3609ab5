/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketIntelligentTieringConfiguration.html */
import { tieringConfigurations } from '../../engine/tiering/configurations.ts';
import { checkConfigurationId, findConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';
import { tieringElement } from '../tiering/write-configuration.ts';

export const getBucketIntelligentTieringConfiguration = operation({
  name: 'GetBucketIntelligentTieringConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkConfigurationId(Id);
    const configurations = await tieringConfigurations.read(request.engine.buckets, request.bucket());
    return { output: { IntelligentTieringConfiguration: tieringElement(findConfiguration(configurations, Id)) } };
  },
});
