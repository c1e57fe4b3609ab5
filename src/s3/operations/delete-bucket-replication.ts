/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html */
import { writeReplication } from '../../engine/replication/rules.ts';
import { operation } from '../operation.ts';

export const deleteBucketReplication = operation({
  name: 'DeleteBucketReplication',
  supports: [],
  async run(request) {
    await writeReplication(request.engine.buckets, request.bucket(), undefined);
    return { output: {} };
  },
});
