/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAcl.html */
import { grantsOf } from '../../engine/access.ts';
import { grantElements } from '../grantees.ts';
import { operation } from '../operation.ts';
import { ownerElement } from '../owners.ts';

export const getBucketAcl = operation({
  name: 'GetBucketAcl',
  supports: [],
  async run({ accessOf, nameOf, bucket }) {
    const { owner, ownership, acl } = await accessOf(bucket());
    const counting = ownership === 'BucketOwnerEnforced' || acl === undefined ? { owner } : { owner, acl };
    return { output: { Owner: ownerElement(nameOf, owner), Grants: grantElements(nameOf, grantsOf(counting)) } };
  },
});
