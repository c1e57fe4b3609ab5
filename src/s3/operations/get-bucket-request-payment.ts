/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html */
import { readRequesterPays } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const getBucketRequestPayment = operation({
  name: 'GetBucketRequestPayment',
  supports: [],
  async run(request) {
    const requesterPays = await readRequesterPays(request.engine.buckets, request.bucket());
    return { output: { Payer: requesterPays ? 'Requester' : 'BucketOwner' } };
  },
});
