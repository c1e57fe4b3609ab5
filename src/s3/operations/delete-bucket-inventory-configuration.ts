/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketInventoryConfiguration.html */
import { changeInventories } from '../../engine/inventory/configurations.ts';
import { S3Error } from '../errors.ts';
import { checkInventoryId } from '../inventory/read-configuration.ts';
import { operation } from '../operation.ts';

export const deleteBucketInventoryConfiguration = operation({
  name: 'DeleteBucketInventoryConfiguration',
  supports: ['Id'],
  async run(request, { Id }) {
    checkInventoryId(Id);
    await changeInventories(request.engine.buckets, request.bucket(), (configurations) => {
      const others = configurations.filter(({ id }) => id !== Id);
      if (others.length === configurations.length) throw new S3Error('NoSuchConfiguration');
      return others;
    });
    return { output: {} };
  },
});
