/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketInventoryConfiguration.html */
import { inventoryConfigurations } from '../../engine/inventory/configurations.ts';
import { inventoryElement } from '../inventory/write-configuration.ts';
import { checkConfigurationId, findConfiguration } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const getBucketInventoryConfiguration = operation({
  name: 'GetBucketInventoryConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkConfigurationId(Id);
    const configurations = await inventoryConfigurations.read(request.engine.buckets, request.bucket());
    return { output: { InventoryConfiguration: inventoryElement(findConfiguration(configurations, Id)) } };
  },
});
