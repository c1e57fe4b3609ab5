/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html */
import { writeCorsRules } from '../../engine/cors-documents.ts';
import { operation } from '../operation.ts';

export const deleteBucketCors = operation({
  name: 'DeleteBucketCors',
  supports: [],
  async run(request) {
    await writeCorsRules(request.engine.buckets, request.bucket(), []);
    return { output: {} };
  },
});
