/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketInventoryConfiguration.html */
import { readInventories } from '../../engine/inventory/configurations.ts';
import { S3Error } from '../errors.ts';
import { checkInventoryId } from '../inventory/read-configuration.ts';
import { inventoryElement } from '../inventory/write-configuration.ts';
import { operation } from '../operation.ts';

export const getBucketInventoryConfiguration = operation({
  name: 'GetBucketInventoryConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkInventoryId(Id);
    const configurations = await readInventories(request.engine.buckets, request.bucket());
    const found = configurations.find(({ id }) => id === Id);
    if (found === undefined) throw new S3Error('NoSuchConfiguration');
    return { output: { InventoryConfiguration: inventoryElement(found) } };
  },
});
