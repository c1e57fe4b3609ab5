/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
import { writeCorsRules } from '../../engine/cors-documents.ts';
import { checkCorsRules, corsDocumentBytesMax } from '../cors/check-rules.ts';
import { operation } from '../operation.ts';

export const putBucketCors = operation({
  name: 'PutBucketCors',
  supports: ['CORSConfiguration', 'ChecksumAlgorithm'],
  documentBytesMax: corsDocumentBytesMax,
  async run(request, { CORSConfiguration: { CORSRules } }) {
    checkCorsRules(CORSRules);
    await writeCorsRules(request.engine.buckets, request.bucket(), CORSRules);
    return { output: {} };
  },
});
