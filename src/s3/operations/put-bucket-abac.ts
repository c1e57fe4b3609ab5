/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAbac.html */
import { writeAbac } from '../../engine/access-documents.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';

export const putBucketAbac = operation({
  name: 'PutBucketAbac',
  supports: ['AbacStatus', 'ChecksumAlgorithm'],
  async run(request, { AbacStatus: { Status } }) {
    if (Status === undefined) throw new S3Error('MalformedXML');
    await writeAbac(request.engine.buckets, request.bucket(), Status === 'Enabled');
    return { output: {} };
  },
});
