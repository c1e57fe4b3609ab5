/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html */
import { readInventories } from '../../engine/inventory/configurations.ts';
import { decodeToken, encodeToken } from '../continuation-token.ts';
import { inventoryElement } from '../inventory/write-configuration.ts';
import { operation } from '../operation.ts';

const pageSize = 100;

export const listBucketInventoryConfigurations = operation({
  name: 'ListBucketInventoryConfigurations',
  supports: ['ContinuationToken'],
  async run(request, { ContinuationToken }) {
    const after = ContinuationToken === undefined ? '' : decodeToken('inventories', ContinuationToken);
    const configurations = await readInventories(request.engine.buckets, request.bucket());
    const rest = configurations.filter(({ id }) => id > after);
    const page = rest.slice(0, pageSize);
    const last = rest.length > page.length ? page.at(-1) : undefined;
    return {
      output: {
        ContinuationToken,
        InventoryConfigurationList: page.map(inventoryElement),
        IsTruncated: last !== undefined,
        ...(last !== undefined && { NextContinuationToken: encodeToken('inventories', last.id) }),
      },
    };
  },
});
