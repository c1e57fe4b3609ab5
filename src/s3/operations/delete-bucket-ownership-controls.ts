/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html */
import { writeOwnership } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const deleteBucketOwnershipControls = operation({
  name: 'DeleteBucketOwnershipControls',
  supports: [],
  async run(request) {
    await writeOwnership(request.engine.buckets, request.bucket(), undefined);
    return { output: {} };
  },
});
