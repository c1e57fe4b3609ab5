/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html */
import { readPublicAccessBlock } from '../../engine/access-documents.ts';
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';
import { blockElement } from '../public-access-block.ts';

export const getPublicAccessBlock = operation({
  name: 'GetPublicAccessBlock',
  supports: [],
  async run(request) {
    const bucket = request.bucket();
    const block = await readPublicAccessBlock(request.engine.buckets, bucket);
    if (block === undefined) {
      throw new S3Error('NoSuchPublicAccessBlockConfiguration', { fields: { BucketName: bucket.name } });
    }
    return { output: { PublicAccessBlockConfiguration: blockElement(block) } };
  },
});
