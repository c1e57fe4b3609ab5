/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html */
import { readCorsRules } from '../../engine/cors-documents.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const getBucketCors = operation({
  name: 'GetBucketCors',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const rules = await readCorsRules(request.engine.buckets, bucket);
    if (rules.length === 0) throw new S3Error('NoSuchCORSConfiguration', { fields: { BucketName: bucket.name } });
    return { output: { CORSRules: [...rules] } };
  },
});
