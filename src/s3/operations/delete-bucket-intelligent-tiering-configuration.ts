/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketIntelligentTieringConfiguration.html */
import { tieringConfigurations } from '../../engine/tiering/configurations.ts';
import { checkConfigurationId, withoutConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const deleteBucketIntelligentTieringConfiguration = operation({
  name: 'DeleteBucketIntelligentTieringConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkConfigurationId(Id);
    const { buckets } = request.engine;
    await tieringConfigurations.change(buckets, request.bucket(), (known) => withoutConfiguration(known, Id));
    return { output: {} };
  },
});
