/** Inventory configurations: what is taken, refused and given back. */
import {
  DeleteBucketInventoryConfigurationCommand,
  GetBucketInventoryConfigurationCommand,
  type InventoryConfiguration,
  type InventoryOptionalField,
  ListBucketInventoryConfigurationsCommand,
  PutBucketInventoryConfigurationCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, test } from 'vitest';
import { configuration, to } from '../support/inventory-configuration.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send } = signedRequests(daemon);

const put = (Bucket: string, InventoryConfiguration: InventoryConfiguration, Id = InventoryConfiguration.Id) =>
  daemon().client.send(new PutBucketInventoryConfigurationCommand({ Bucket, Id, InventoryConfiguration }));
const get = async (Bucket: string, Id: string) =>
  (await daemon().client.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id }))).InventoryConfiguration;
const remove = (Bucket: string, Id: string) =>
  daemon().client.send(new DeleteBucketInventoryConfigurationCommand({ Bucket, Id }));
const list = (Bucket: string, ContinuationToken?: string) =>
  daemon().client.send(new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken }));

test('put → got as it was put; put again → replaced; deleted → gone', async () => {
  const Bucket = await daemon().newBucket();
  const OptionalFields: InventoryOptionalField[] = ['ETag', 'Size', 'ObjectAccessControlList'];
  const whole = configuration('a.B-1_x', {
    Filter: { Prefix: 'some/' },
    OptionalFields,
    Destination: to({ AccountId: '000000000000', Prefix: 'inventory', Encryption: { SSEKMS: { KeyId: 'alias/k' } } }),
    Schedule: { Frequency: 'Weekly' },
  });
  await put(Bucket, whole);
  expect(await get(Bucket, 'a.B-1_x')).toEqual(whole);
  const other = configuration('a.B-1_x', {
    ...{ IsEnabled: false, IncludedObjectVersions: 'Current' },
    Destination: to({ Format: 'Parquet', Encryption: { SSES3: {} } }),
  });
  await put(Bucket, other);
  expect(await get(Bucket, 'a.B-1_x')).toEqual(other);
  await remove(Bucket, 'a.B-1_x');
  await expect(get(Bucket, 'a.B-1_x')).rejects.toMatchObject({ name: 'NoSuchConfiguration' });
  await expect(remove(Bucket, 'a.B-1_x')).rejects.toMatchObject({ name: 'NoSuchConfiguration' });
});

test('more than a page of them → listed in order of id, page by page; a foreign token → InvalidArgument', async () => {
  const Bucket = await daemon().newBucket();
  expect(await list(Bucket)).toMatchObject({ IsTruncated: false });
  const ids = Array.from({ length: 130 }, (_, i) => `id-${i}`);
  await Promise.all(ids.map((id) => put(Bucket, configuration(id))));
  const first = await list(Bucket);
  expect(first).toMatchObject({ IsTruncated: true });
  const second = await list(Bucket, first.NextContinuationToken);
  expect(second).toMatchObject({ IsTruncated: false, ContinuationToken: first.NextContinuationToken });
  expect(second.NextContinuationToken).toBeUndefined();
  expect(first.InventoryConfigurationList).toHaveLength(100);
  const listed = [first, second].flatMap(({ InventoryConfigurationList = [] }) => InventoryConfigurationList);
  expect(listed.map(({ Id }) => Id)).toEqual(ids.toSorted());
  await expect(list(Bucket, 'token')).rejects.toMatchObject(refusal('InvalidArgument', 400));
});

describe('refused', () => {
  const namespaced = 'Bucket ARN should not specify a namespace.';
  test.each<[string, InventoryConfiguration, string, string?]>([
    ['an id with a slash', configuration('a/b'), 'InvalidConfigurationId'],
    ['an id of 65 characters', configuration('a'.repeat(65)), 'InvalidConfigurationId'],
    ['no ARN', configuration('a', { Destination: to({ Bucket: 'reports' }) }), 'InvalidS3DestinationBucket'],
    [
      'an ARN of an account',
      configuration('a', { Destination: to({ Bucket: 'arn:aws:s3::123456789012:reports' }) }),
      'InvalidS3DestinationBucket',
      namespaced,
    ],
    [
      'an ARN of an object',
      configuration('a', { Destination: to({ Bucket: 'arn:aws:s3:::reports/x' }) }),
      'InvalidS3DestinationBucket',
    ],
    ['an account that is none', configuration('a', { Destination: to({ AccountId: '12' }) }), 'InvalidArgument'],
    ['a field twice', configuration('a', { OptionalFields: ['Size', 'Size'] }), 'MalformedXML'],
    ['a field that is none', configuration('a', { OptionalFields: ['Colour' as 'Size'] }), 'MalformedXML'],
    ['a frequency that is none', configuration('a', { Schedule: { Frequency: 'Hourly' as 'Daily' } }), 'MalformedXML'],
    ['no destination', configuration('a', { Destination: undefined }), 'MalformedXML'],
    [
      'ORC',
      configuration('a', { Destination: to({ Format: 'ORC' }) }),
      'NotImplemented',
      'Inventory reports are written as CSV or Parquet, not as ORC',
    ],
    ['encryption by nothing', configuration('a', { Destination: to({ Encryption: {} }) }), 'MalformedXML'],
    [
      'encryption by both',
      configuration('a', { Destination: to({ Encryption: { SSES3: {}, SSEKMS: { KeyId: 'k' } } }) }),
      'MalformedXML',
    ],
    [
      'encryption by no key',
      configuration('a', { Destination: to({ Encryption: { SSEKMS: { KeyId: '' } } }) }),
      'MalformedXML',
    ],
  ])('%s → %$', async (_, wrong, name, message) => {
    const Bucket = await daemon().newBucket();
    const refused = expect(put(Bucket, wrong)).rejects;
    await refused.toMatchObject({ name, ...(message !== undefined && { message }) });
    expect((await list(Bucket)).InventoryConfigurationList).toBeUndefined();
  });

  test('another id than that of the request → InvalidArgument', async () => {
    const Bucket = await daemon().newBucket();
    await expect(put(Bucket, configuration('a'), 'b')).rejects.toMatchObject({ name: 'InvalidArgument' });
  });

  test('no body → 400', async () => {
    const Bucket = await daemon().newBucket();
    const query = [
      ['inventory', ''],
      ['id', 'a'],
    ] as const;
    const { status } = await send({ method: 'PUT', path: `/${Bucket}`, query });
    expect(status).toBe(400);
  });
});
