/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html */
import { inventoryConfigurations } from '../../engine/inventory/configurations.ts';
import { inventoryElement } from '../inventory/write-configuration.ts';
import { pageOfConfigurations } from '../named-configurations.ts';
import { operation } from '../operation.ts';

export const listBucketInventoryConfigurations = operation({
  name: 'ListBucketInventoryConfigurations',
  supports: ['ContinuationToken'],
  async run(request, { ContinuationToken }) {
    const configurations = await inventoryConfigurations.read(request.engine.buckets, request.bucket());
    const { page, output } = pageOfConfigurations(configurations, { kind: 'inventories', ContinuationToken });
    return { output: { ...output, InventoryConfigurationList: page.map(inventoryElement) } };
  },
});
