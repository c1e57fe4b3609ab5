/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketIntelligentTieringConfiguration.html */
import { tieringConfigurations } from '../../engine/tiering/configurations.ts';
import { withConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';
import { readTiering } from '../tiering/read-configuration.ts';

export const putBucketIntelligentTieringConfiguration = operation({
  name: 'PutBucketIntelligentTieringConfiguration',
  supports: ['Id', 'IntelligentTieringConfiguration'],
  async run(request, { Id, IntelligentTieringConfiguration }) {
    const put = readTiering(IntelligentTieringConfiguration, Id);
    const { buckets } = request.engine;
    await tieringConfigurations.change(buckets, request.bucket(), (known) => withConfiguration(known, put));
    return { output: {} };
  },
});
