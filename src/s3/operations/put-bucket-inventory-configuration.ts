/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html */
import { changeInventories } from '../../engine/inventory/configurations.ts';
import { S3Error } from '../errors.ts';
import { readInventory } from '../inventory/read-configuration.ts';
import { operation } from '../operation.ts';

const configurationsMax = 1000;

export const putBucketInventoryConfiguration = operation({
  name: 'PutBucketInventoryConfiguration',
  supports: ['Id', 'InventoryConfiguration'],
  async run(request, { Id, InventoryConfiguration }) {
    const { engine, nowMs } = request;
    const put = readInventory(InventoryConfiguration, { id: Id, nowMs });
    await changeInventories(engine.buckets, request.bucket(), (configurations) => {
      const others = configurations.filter(({ id }) => id !== Id);
      if (others.length >= configurationsMax) throw new S3Error('TooManyConfigurations');
      return [...others, put];
    });
    return { output: {} };
  },
});
