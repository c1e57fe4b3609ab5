/** Which replication configurations are refused for what they say, whatever buckets there are, and with which words. */
import type { Destination, ReplicationRule } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { S3Error } from '../errors.ts';
import { readConfiguration } from './read-configuration.ts';

const Role = 'arn:aws:iam::000000000000:role/replication';
const Bucket = 'arn:aws:s3:::copy';
const on = { Status: 'Enabled' as const };
const off = { Status: 'Disabled' as const };
const Tag = { Key: 'k', Value: 'v' };

const usual: ReplicationRule = {
  ...{ ID: 'rule', Priority: 1, ...on, Filter: { Prefix: '' }, DeleteMarkerReplication: on },
  Destination: { Bucket },
};
const rule = (different: Partial<ReplicationRule>): ReplicationRule[] => [{ ...usual, ...different }];
const to = (different: Partial<Destination>) => rule({ Destination: { Bucket, ...different } });
const twice = (different: Partial<ReplicationRule>) => [
  ...rule({ ID: 'first' }),
  ...rule({ ID: 'second', Priority: 2, ...different }),
];
const old = (Prefix: string, ID = 'old'): ReplicationRule => ({ ID, ...on, Prefix, Destination: { Bucket } });
const timed = (Minutes?: number) => ({ ...on, Time: Minutes === undefined ? {} : { Minutes } });
const measured = (Minutes: number) => ({ ...on, EventThreshold: { Minutes } });

function refusalOf(Rules: ReplicationRule[], role = Role): string {
  try {
    readConfiguration({ Role: role, Rules });
    return 'none';
  } catch (error) {
    if (error instanceof S3Error) return `${error.code}: ${error.message}`;
    throw error;
  }
}

test.each<[string, ReplicationRule[], string]>([
  ['no rule', [], 'MalformedXML'],
  ['1,001 rules', Array.from({ length: 1001 }, (_, i) => rule({ ID: `${i}`, Priority: i })).flat(), 'MalformedXML'],
  ['neither filter nor prefix', rule({ Filter: undefined }), 'MalformedXML'],
  ['filter and prefix', rule({ Prefix: '' }), 'MalformedXML'],
  ['two conditions outside of And', rule({ Filter: { Prefix: 'a', Tag } }), 'MalformedXML'],
  ['one condition in And', rule({ Filter: { And: { Prefix: 'a' } } }), 'MalformedXML'],
  [
    'a tag twice',
    rule({ Filter: { And: { Tags: [Tag, Tag] } }, DeleteMarkerReplication: off }),
    'InvalidRequest: Duplicate Tag Keys are not allowed.',
  ],
  [
    'a filter without DeleteMarkerReplication',
    rule({ DeleteMarkerReplication: undefined }),
    'InvalidRequest: DeleteMarkerReplication must be specified for this version of Cross Region Replication',
  ],
  ['a filter without a priority', rule({ Priority: undefined }), 'InvalidRequest: Priority must be specified for this'],
  [
    'markers of the old form',
    [{ ...old(''), DeleteMarkerReplication: on }],
    'InvalidRequest: DeleteMarkerReplication cannot be used for this version',
  ],
  ['both forms', [old(''), ...rule({})], 'InvalidRequest: Priority cannot be used for this version'],
  [
    'markers by tag',
    rule({ Filter: { Tag } }),
    'InvalidRequest: Delete marker replication is not supported if any Tag filter is specified.',
  ],
  ['one id twice', twice({ ID: 'first' }), 'InvalidArgument: Rule Id must be unique'],
  ['a long id', rule({ ID: 'x'.repeat(256) }), 'InvalidArgument: Rule Id cannot be greater than 255'],
  ['one priority twice', twice({ Priority: 1 }), 'InvalidRequest: Found duplicate priority 1.'],
  ['a negative priority', rule({ Priority: -1 }), 'InvalidRequest: Priority must be between 0 and 2147483647.'],
  ['overlapping prefixes of the old form', [old('a', 'x'), old('ab', 'y')], 'InvalidRequest: Found overlapping prefix'],
  ['no ARN of a bucket', to({ Bucket: 'copy' }), 'InvalidArgument: Invalid bucket ARN'],
  [
    'an owner override without an account',
    to({ AccessControlTranslation: { Owner: 'Destination' } }),
    'InvalidRequest: Account must be specified if the Owner in AccessControlTranslation has a value',
  ],
  [
    'time without metrics',
    to({ ReplicationTime: timed(15) }),
    'InvalidRequest: Replication destination must contain both ReplicationTime and Metrics or neither.',
  ],
  [
    'time with metrics that are disabled',
    to({ ReplicationTime: timed(15), Metrics: off }),
    'InvalidRequest: Replication destination must contain both',
  ],
  [
    'another time',
    to({ ReplicationTime: timed(20), Metrics: measured(15) }),
    'InvalidArgument: Invalid time minute value',
  ],
  ['no time', to({ ReplicationTime: timed(), Metrics: measured(15) }), 'InvalidArgument: Invalid time minute value'],
  [
    'time without a threshold',
    to({ ReplicationTime: timed(15), Metrics: on }),
    'InvalidArgument: ReplicationMetrics must contain an event threshold',
  ],
  [
    'another threshold',
    to({ ReplicationTime: timed(15), Metrics: measured(20) }),
    'InvalidArgument: Invalid event threshold minute value',
  ],
  [
    'a threshold without time',
    to({ Metrics: measured(15) }),
    'InvalidArgument: Metrics cannot contain an event threshold when ReplicationTime is not specified or Disabled',
  ],
  [
    'a threshold with time that is disabled',
    to({ ReplicationTime: { ...timed(15), ...off }, Metrics: measured(15) }),
    'InvalidArgument: Metrics cannot contain an event threshold',
  ],
  ['a class that no bucket has', to({ StorageClass: 'OUTPOSTS' }), 'InvalidStorageClass'],
  ['empty criteria', rule({ SourceSelectionCriteria: {} }), 'InvalidRequest: SourceSelectionCriteria cannot be empty.'],
])('%s → refused', (_, rules, expected) => {
  expect(refusalOf(rules)).toContain(expected);
});

test.each<[string, ReplicationRule[]]>([
  ['1,000 rules', Array.from({ length: 1000 }, (_, i) => rule({ ID: `${i}`, Priority: i })).flat()],
  ['a filter of nothing', rule({ Filter: {} })],
  ['metrics alone', to({ Metrics: on })],
  ['time and metrics', to({ ReplicationTime: timed(15), Metrics: measured(15) })],
  ['neither of them enabled', to({ ReplicationTime: { ...timed(15), ...off }, Metrics: off })],
  ['an id of 255 characters', rule({ ID: 'ü'.repeat(255) })],
])('%s → taken', (_, rules) => {
  expect(refusalOf(rules)).toBe('none');
});

test.each([
  ['replication', 'Invalid Role specified in replication configuration'],
  ['arn:aws:iam::1:role/replication', 'Invalid Role specified in replication configuration'],
  ['arn:aws:iam::000000000000:user/replication', 'The relative id should start with role'],
  ['arn:aws:iam::000000000000:role/', 'The relative id should start with role'],
])('the role %s → refused', (role, message) => {
  expect(refusalOf([usual], role)).toBe(`InvalidArgument: ${message}`);
});
