/** Days that are made short, and a pass that is asked for: what clients and operators see of rules that act. */
import {
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  RestoreObjectCommand,
} from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';

const daemon = useDaemon({ config: 'time: { dayLength: 1s }' });

const expire = (Bucket: string, Prefix: string) => {
  const rule = { ID: 'rule', Status: 'Enabled', Filter: { Prefix }, Expiration: { Days: 1 } } as const;
  const LifecycleConfiguration = { Rules: [rule] };
  return daemon().client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
};
const keys = async (Bucket: string) =>
  (await daemon().client.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [];

test('days of a second → a rule of one day acts within two, by itself; answers tell of days of 24 hours', async () => {
  const { client } = daemon();
  const Bucket = await daemon().newBucket();
  await expire(Bucket, 'old/');
  await client.send(new PutObjectCommand({ Bucket, Key: 'kept', Body: 'x' }));
  const beforeMs = Date.now();
  const { Expiration = '' } = await client.send(new PutObjectCommand({ Bucket, Key: 'old/a', Body: 'x' }));
  const told = Date.parse(/expiry-date="([^"]+)"/.exec(Expiration)?.[1] ?? '');
  expect(told - beforeMs).toBeGreaterThanOrEqual(86_400_000);
  await eventually(async () => expect(await keys(Bucket)).toEqual(['kept']));
});

test('transitions → given back as they were put; the object is archived, and restored', async () => {
  const { client } = daemon();
  const Bucket = await daemon().newBucket();
  const rule = {
    ...({ ID: 'rule', Status: 'Enabled', Filter: { ObjectSizeGreaterThan: 0 } } as const),
    Transitions: [
      { Days: 1, StorageClass: 'GLACIER' } as const,
      { Days: 36_500, StorageClass: 'DEEP_ARCHIVE' } as const,
    ],
    NoncurrentVersionTransitions: [
      { NoncurrentDays: 0, NewerNoncurrentVersions: 2, StorageClass: 'GLACIER_IR' } as const,
    ],
  };
  const LifecycleConfiguration = { Rules: [rule] };
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
  const { Rules } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(Rules).toEqual([rule]);
  const object = { Bucket, Key: 'k' };
  const { ETag } = await client.send(new PutObjectCommand({ ...object, Body: 'x' }));
  await eventually(async () =>
    expect(await client.send(new HeadObjectCommand(object))).toMatchObject({ StorageClass: 'GLACIER', ETag }),
  );
  await client.send(new RestoreObjectCommand({ ...object, RestoreRequest: { Days: 100 } }));
  const restored = await eventually(() => client.send(new GetObjectCommand(object)));
  expect(await restored.Body?.transformToString()).toBe('x');
});

test('ninefold run lifecycle → the pass is over, and what it did is said', async () => {
  const Bucket = await daemon().newBucket();
  await daemon().client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
  await expire(Bucket, '');
  await eventually(async () => expect(await keys(Bucket)).toEqual([]));
  const ran = await runNinefoldFor(daemon(), ['run', 'lifecycle']);
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(
    /^lifecycle: pass (done|under way), pass started .*, looked at \d+, expired \d+, noncurrent removed 0, markers removed 0, transitioned 0, bytes moved 0, uploads aborted 0, left alone 0, not moved 0\n$/,
  );
});

test('days that are not as long as days → the log of the server warns', async () => {
  await eventually(() => expect(daemon().output).toContain('Days of lifecycle rules are not as long as days'));
});
