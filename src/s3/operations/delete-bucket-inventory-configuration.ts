/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketInventoryConfiguration.html */
import { inventoryConfigurations } from '../../engine/inventory/configurations.ts';
import { checkConfigurationId, withoutConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const deleteBucketInventoryConfiguration = operation({
  name: 'DeleteBucketInventoryConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkConfigurationId(Id);
    const { buckets } = request.engine;
    await inventoryConfigurations.change(buckets, request.bucket(), (known) => withoutConfiguration(known, Id));
    return { output: {} };
  },
});
