/** Analytics configurations: what is taken, refused and given back, and the file that the analysis is written to. */
import {
  type AnalyticsConfiguration,
  type AnalyticsFilter,
  DeleteBucketAnalyticsConfigurationCommand,
  GetBucketAnalyticsConfigurationCommand,
  GetObjectCommand,
  ListBucketAnalyticsConfigurationsCommand,
  ListObjectsV2Command,
  PutBucketAnalyticsConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { runJob } from '../support/job-runs.ts';
import { refusal } from '../support/refusals.ts';
import { signedRequests } from '../support/signed-requests.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon();
const { send } = signedRequests(daemon);

const put = (Bucket: string, AnalyticsConfiguration: AnalyticsConfiguration, Id = AnalyticsConfiguration.Id) =>
  daemon().client.send(new PutBucketAnalyticsConfigurationCommand({ Bucket, Id, AnalyticsConfiguration }));
const get = async (Bucket: string, Id: string) =>
  (await daemon().client.send(new GetBucketAnalyticsConfigurationCommand({ Bucket, Id }))).AnalyticsConfiguration;
const remove = (Bucket: string, Id: string) =>
  daemon().client.send(new DeleteBucketAnalyticsConfigurationCommand({ Bucket, Id }));
const list = async (Bucket: string) =>
  (await daemon().client.send(new ListBucketAnalyticsConfigurationsCommand({ Bucket }))).AnalyticsConfigurationList;

function exporting(Bucket: string, different = {}): AnalyticsConfiguration['StorageClassAnalysis'] {
  const S3BucketDestination = { Format: 'CSV', Bucket: `arn:aws:s3:::${Bucket}`, ...different } as const;
  return { DataExport: { OutputSchemaVersion: 'V_1', Destination: { S3BucketDestination } } };
}

test('put → got as it was put, listed in order of id; deleted → gone', async () => {
  const Bucket = await daemon().newBucket();
  const Tags = [{ Key: 'k', Value: 'v' }];
  const whole = {
    Id: 'b',
    Filter: { And: { Prefix: 'a/', Tags } },
    StorageClassAnalysis: exporting('reports', { BucketAccountId: '000000000000', Prefix: 'analytics' }),
  };
  const plain = { Id: 'a', StorageClassAnalysis: {} };
  await put(Bucket, whole);
  await put(Bucket, plain);
  expect(await get(Bucket, 'b')).toEqual(whole);
  expect(await list(Bucket)).toEqual([plain, whole]);
  await remove(Bucket, 'b');
  expect(await list(Bucket)).toEqual([plain]);
  await remove(Bucket, 'a');
  await expect(get(Bucket, 'b')).rejects.toMatchObject(refusal('NoSuchConfiguration', 404));
  await expect(remove(Bucket, 'b')).rejects.toMatchObject(refusal('NoSuchConfiguration', 404));
});

test.each<[string, Partial<AnalyticsConfiguration>, string]>([
  ['an id with a slash', { Id: 'a/b' }, 'InvalidConfigurationId'],
  ['no analysis', { StorageClassAnalysis: undefined }, 'MalformedXML'],
  ['And of one condition', { Filter: { And: { Prefix: 'a' } } as AnalyticsFilter }, 'MalformedXML'],
  ['no ARN', { StorageClassAnalysis: exporting('', { Bucket: 'reports' }) }, 'InvalidS3DestinationBucket'],
  ['an account that is none', { StorageClassAnalysis: exporting('r-r', { BucketAccountId: '1' }) }, 'InvalidArgument'],
  ['a format that is none', { StorageClassAnalysis: exporting('r-r', { Format: 'ORC' }) }, 'MalformedXML'],
])('%s → %$', async (_, different, name) => {
  const Bucket = await daemon().newBucket();
  await expect(put(Bucket, { Id: 'a', StorageClassAnalysis: {}, ...different })).rejects.toMatchObject({ name });
  expect(await list(Bucket)).toBeUndefined();
});

test('another id than that of the request → InvalidArgument', async () => {
  const Bucket = await daemon().newBucket();
  await expect(put(Bucket, { Id: 'a', StorageClassAnalysis: {} }, 'b')).rejects.toMatchObject({
    name: 'InvalidArgument',
  });
});

const analyse = () => runJob({ send }, 'analytics');

test('objects that are written and read → the next file says so, where the destination lets it be written', async () => {
  const { client } = daemon();
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  const large = Buffer.alloc(1024 * 1024);
  const object = (Key: string, more = {}) => client.send(new PutObjectCommand({ Bucket, Key, Body: large, ...more }));
  await object('in/before');
  await put(Bucket, {
    Id: 'in',
    Filter: { Prefix: 'in/' },
    StorageClassAnalysis: exporting(destination, { Prefix: 'x' }),
  });
  await object('in/a');
  await object('in/cold', { StorageClass: 'STANDARD_IA' });
  await object('out');
  await object('in/small', { Body: 'too small to be moved' });
  for (const Range of [undefined, 'bytes=0-524287']) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'in/a', Range }));
    await Body?.transformToByteArray();
  }
  await client.send(new GetObjectCommand({ Bucket, Key: 'in/none' })).catch(() => undefined);
  expect(await analyse()).toMatchObject({
    ...{ analysed: 1, filesWritten: 0, filesRefused: 1 },
    lastRefusal: expect.stringContaining(`The policy of bucket ${destination} does not allow s3.amazonaws.com`),
  });
  const statement = {
    ...{ Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 's3:PutObject' },
    Resource: `arn:aws:s3:::${destination}/x/*`,
    Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${Bucket}` } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await client.send(new PutBucketPolicyCommand({ Bucket: destination, Policy }));
  expect(await analyse()).toMatchObject({ analysed: 1, filesWritten: 1, filesRefused: 0 });
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: destination }));
  expect(Contents?.map(({ Key }) => Key)).toEqual([`x/${Bucket}/in.csv`]);
  const { Body } = await client.send(new GetObjectCommand({ Bucket: destination, Key: `x/${Bucket}/in.csv` }));
  const lines = (await Body?.transformToString())?.trimEnd().split('\n') ?? [];
  const rows = lines.map((line) => line.split(',').slice(1, 10).join());
  expect(rows).toEqual([
    'ConfigId,Filter,StorageClass,ObjectAge,ObjectCount,DataUploaded_MB,Storage_MB,DataRetrieved_MB,GetRequestCount',
    ...['in,prefix=in/,STANDARD,000-014,2,1,2,1.5,2', 'in,prefix=in/,STANDARD,000-014,2,0,2,0,0'],
    ...['in,prefix=in/,STANDARD_IA,000-014,1,1,1,0,0', 'in,prefix=in/,STANDARD_IA,000-014,1,0,1,0,0'],
    ...['in,prefix=in/,STANDARD,ALL,2,1,2,1.5,2', 'in,prefix=in/,STANDARD,ALL,2,0,2,0,0'],
    ...['in,prefix=in/,STANDARD_IA,ALL,1,1,1,0,0', 'in,prefix=in/,STANDARD_IA,ALL,1,0,1,0,0'],
  ]);
});
