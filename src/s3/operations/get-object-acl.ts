/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html */
import { grantsOf } from '../../engine/access.ts';
import { readOwnership } from '../../engine/access-documents.ts';
import { grantElements } from '../grantees.ts';
import { checkObjectAddress, versionIdHeader } from '../object-address.ts';
import { operation } from '../operation.ts';
import { ownerElement } from '../owners.ts';

export const getObjectAcl = operation({
  name: 'GetObjectAcl',
  supports: ['VersionId'],
  async run({ engine, nameOf, ...request }, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const { attributes, versionId } = await engine.objects.find(bucket, input.Key, input.VersionId);
    const isEnforced = (await readOwnership(engine.buckets, bucket)) === 'BucketOwnerEnforced';
    const owned = isEnforced ? { owner: bucket.owner } : attributes;
    return {
      output: { Owner: ownerElement(nameOf, owned.owner), Grants: grantElements(nameOf, grantsOf(owned)) },
      headers: versionIdHeader(bucket, versionId),
    };
  },
});
