import { expect, test } from 'vitest';
import { replicationSchema } from './config-replication.ts';

const there = {
  ...{ endpoint: 'https://s3.example.org', accessKeyId: 'AKIA', secretAccessKey: 'secret' },
  buckets: [{ arn: 'arn:aws:s3:::there' }],
};
const errorOf = (...destinations: object[]) => replicationSchema.safeParse({ destinations }).error?.issues[0]?.message;

test.for([
  ['no address', [{ ...there, endpoint: 's3.example.org', pathStyle: false }], 'begins with http://'],
  ['a bucket before an address of numbers', [{ ...there, endpoint: 'http://10.0.0.1', pathStyle: false }], 'is a name'],
  ['the same of IPv6', [{ ...there, endpoint: 'http://[::1]:9000', pathStyle: false }], 'is a name'],
  ['two kinds of server', [{ ...there, ninefold: true, minio: true }], 'a Ninefold or a MinIO'],
  ['one ARN twice', [there, there], 'the same ARN'],
] as const)('%s → refused, and it says what is right', ([, destinations, message]) => {
  expect(errorOf(...destinations)).toContain(message);
});

test.for([
  ['a bucket before a name', { pathStyle: false }],
  ['an address of numbers', { endpoint: 'http://10.0.0.1:9000' }],
] as const)('%s → taken', ([, different]) => {
  expect(errorOf({ ...there, ...different })).toBeUndefined();
});
