/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html */
import { readOwnership } from '../../engine/access-documents.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getBucketOwnershipControls = operation({
  name: 'GetBucketOwnershipControls',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const ObjectOwnership = await readOwnership(request.engine.buckets, bucket);
    if (ObjectOwnership === undefined) {
      throw new S3Error('OwnershipControlsNotFoundError', { fields: { BucketName: bucket.name } });
    }
    return { output: { OwnershipControls: { Rules: [{ ObjectOwnership }] } } };
  },
});
