/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html */
import { EngineError } from '../../engine/errors.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const deleteBucket = operation({
  name: 'DeleteBucket',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    try {
      await request.engine.buckets.delete(bucket);
      await request.engine.watches.reload(bucket);
    } catch (error) {
      const isRefused = error instanceof EngineError && error.code === 'BucketNotEmpty';
      if (!isRefused || bucket.versioning === 'Unversioned') throw error;
      throw new S3Error('BucketNotEmpty', {
        message: 'The bucket you tried to delete is not empty. You must delete all versions in the bucket.',
        fields: { BucketName: bucket.name },
        cause: error,
      });
    }
    return { output: {} };
  },
});
