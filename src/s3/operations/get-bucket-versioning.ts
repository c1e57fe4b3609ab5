/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html */
import { operation } from '../operation.ts';

export const getBucketVersioning = operation({
  name: 'GetBucketVersioning',
  supports: [],
  async run(request) {
    const { versioning } = request.bucket();
    return { output: versioning === 'Unversioned' ? {} : { Status: versioning } };
  },
});
