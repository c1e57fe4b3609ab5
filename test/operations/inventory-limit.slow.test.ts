/** As many inventory configurations as a bucket may have: each of them writes all that were there before it. */
import {
  GetBucketInventoryConfigurationCommand,
  type InventoryConfiguration,
  PutBucketInventoryConfigurationCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { configuration } from '../support/inventory-configuration.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const put = (Bucket: string, InventoryConfiguration: InventoryConfiguration) =>
  daemon().client.send(
    new PutBucketInventoryConfigurationCommand({ Bucket, Id: InventoryConfiguration.Id, InventoryConfiguration }),
  );

test('the 1,001st → TooManyConfigurations; one that is there is still replaced', async () => {
  const Bucket = await daemon().newBucket();
  for (let from = 0; from < 1000; from += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => put(Bucket, configuration(`id-${from + i}`))));
  }
  await expect(put(Bucket, configuration('more'))).rejects.toMatchObject({ name: 'TooManyConfigurations' });
  await put(Bucket, configuration('id-7', { IsEnabled: false }));
  const { InventoryConfiguration: replaced } = await daemon().client.send(
    new GetBucketInventoryConfigurationCommand({ Bucket, Id: 'id-7' }),
  );
  expect(replaced?.IsEnabled).toBe(false);
});
