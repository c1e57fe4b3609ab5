/** An inventory report in Parquet, as DuckDB reads it: the columns it finds, their types, and what is in them. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  InventoryOptionalField,
  ListObjectsV2Command,
  PutBucketInventoryConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { runNinefoldFor } from '../support/ninefold-command.ts';
import { useDaemon } from '../support/use-daemon.ts';
import { type PythonClients, pythonClients, setupLimitMs } from './python.ts';

const daemon = useDaemon();
let python: PythonClients;

beforeAll(async () => {
  python = await pythonClients('duckdb');
}, setupLimitMs);

const script = `
import duckdb, json, sys
rows = duckdb.sql(f"SELECT * FROM '{sys.argv[1]}'")
columns = {name: str(kind) for name, kind in zip(rows.columns, rows.types)}
counted = duckdb.sql(f"""SELECT count(*), count(size), sum(size), count(DISTINCT storage_class), count(replication_status),
  bool_and(last_modified_date > now() - INTERVAL 1 HOUR), max(key) FROM '{sys.argv[1]}' WHERE NOT is_delete_marker""")
print(json.dumps({'columns': columns, 'counted': counted.fetchall()[0]}, default=int))
`;

test('every field of versions and markers → DuckDB finds AWS’s names and types, and the values', async (ctx) => {
  if (python.interpreter === undefined) return ctx.skip(python.missing);
  const { client, dataDirectory } = daemon();
  const [Bucket, destination] = [await daemon().newBucket(), await daemon().newBucket()];
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  for (let i = 0; i < 100; i++) {
    const StorageClass = i % 2 === 0 ? 'STANDARD' : 'GLACIER_IR';
    await client.send(
      new PutObjectCommand({ Bucket, Key: `ü/${i} +`, Body: 'x'.repeat(i), ContentLength: i, StorageClass }),
    );
  }
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'ü/0 +' }));
  const Statement = {
    ...{ Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' }, Action: 's3:PutObject' },
    Resource: `arn:aws:s3:::${destination}/*`,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket: destination, Policy }));
  await client.send(
    new PutBucketInventoryConfigurationCommand({
      Bucket,
      Id: 'id',
      InventoryConfiguration: {
        ...{ Id: 'id', IsEnabled: true, IncludedObjectVersions: 'All', Schedule: { Frequency: 'Daily' } },
        Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${destination}`, Format: 'Parquet' } },
        OptionalFields: Object.values(InventoryOptionalField),
      },
    }),
  );
  expect(await runNinefoldFor(daemon(), ['run', 'inventory'])).toMatchObject({ code: 0 });
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: destination }));
  const Key = Contents.find((one) => one.Key?.endsWith('.parquet'))?.Key;
  const { Body } = await client.send(new GetObjectCommand({ Bucket: destination, Key }));
  const file = join(dataDirectory, 'report.parquet');
  await writeFile(file, (await Body?.transformToByteArray()) ?? '');
  const { stdout } = await promisify(execFile)(python.interpreter, ['-c', script, file]);
  const { columns, counted } = JSON.parse(stdout);
  expect(counted).toEqual([100, 100, 4950, 2, 0, true, 'ü/99 +']);
  const time = 'TIMESTAMP WITH TIME ZONE';
  expect(columns).toEqual({
    ...{ bucket: 'VARCHAR', key: 'VARCHAR', version_id: 'VARCHAR', is_latest: 'BOOLEAN', is_delete_marker: 'BOOLEAN' },
    ...{ size: 'BIGINT', last_modified_date: time, e_tag: 'VARCHAR', storage_class: 'VARCHAR' },
    ...{ is_multipart_uploaded: 'BOOLEAN', replication_status: 'VARCHAR', encryption_status: 'VARCHAR' },
    ...{ object_lock_retain_until_date: time, object_lock_mode: 'VARCHAR', object_lock_legal_hold_status: 'VARCHAR' },
    ...{ intelligent_tiering_access_tier: 'VARCHAR', bucket_key_status: 'VARCHAR', checksum_algorithm: 'VARCHAR' },
    ...{ object_access_control_list: 'VARCHAR', object_owner: 'VARCHAR', lifecycle_expiration_date: time },
    ...{ intelligent_tiering_reference_date: time, object_lock_event_hold_status: 'VARCHAR' },
    object_lock_event_hold_duration: 'VARCHAR',
  });
});
