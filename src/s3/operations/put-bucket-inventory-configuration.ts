/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html */
import { inventoryConfigurations } from '../../engine/inventory/configurations.ts';
import { readInventory } from '../inventory/read-configuration.ts';
import { withConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const putBucketInventoryConfiguration = operation({
  name: 'PutBucketInventoryConfiguration',
  supports: ['Id', 'InventoryConfiguration'],
  async run(request, { Id, InventoryConfiguration }) {
    const { engine, nowMs } = request;
    const put = readInventory(InventoryConfiguration, { id: Id, nowMs });
    await inventoryConfigurations.change(engine.buckets, request.bucket(), (known) => withConfiguration(known, put));
    return { output: {} };
  },
});
