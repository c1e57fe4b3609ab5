/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAbac.html */
import { readAbac } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const getBucketAbac = operation({
  name: 'GetBucketAbac',
  supports: [],
  async run(request) {
    const isEnabled = await readAbac(request.engine.buckets, request.bucket());
    return { output: { AbacStatus: { Status: isEnabled ? 'Enabled' : 'Disabled' } } };
  },
});
