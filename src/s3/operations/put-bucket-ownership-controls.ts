/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html */
import { isOwnerOnly } from '../../engine/access.ts';
import { writeOwnership } from '../../engine/access-documents.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const putBucketOwnershipControls = operation({
  name: 'PutBucketOwnershipControls',
  supports: ['OwnershipControls'],
  async run({ engine, ...request }, input) {
    const bucket = request.bucket();
    const [rule, ...others] = input.OwnershipControls.Rules;
    if (rule === undefined || others.length > 0) throw new S3Error('MalformedXML');
    if (rule.ObjectOwnership === 'BucketOwnerEnforced') {
      // ACLs that grant to others would lose their effect unseen.
      const { owner, acl } = await request.accessOf(bucket);
      if (acl !== undefined && !isOwnerOnly(acl, owner)) throw new S3Error('InvalidBucketAclWithObjectOwnership');
    }
    await writeOwnership(engine.buckets, bucket, rule.ObjectOwnership);
    return { output: {} };
  },
});
