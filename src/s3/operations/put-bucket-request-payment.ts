/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html */
import { writeRequesterPays } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const putBucketRequestPayment = operation({
  name: 'PutBucketRequestPayment',
  supports: ['ChecksumAlgorithm', 'RequestPaymentConfiguration'],
  async run(request, { RequestPaymentConfiguration: { Payer } }) {
    await writeRequesterPays(request.engine.buckets, request.bucket(), Payer === 'Requester');
    return { output: {} };
  },
});
