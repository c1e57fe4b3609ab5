/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html */
import { writePublicAccessBlock } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const putPublicAccessBlock = operation({
  name: 'PutPublicAccessBlock',
  supports: ['PublicAccessBlockConfiguration'],
  async run(request, input) {
    const { PublicAccessBlockConfiguration: given } = input;
    await writePublicAccessBlock(request.engine.buckets, request.bucket(), {
      blockPublicAcls: given.BlockPublicAcls ?? false,
      ignorePublicAcls: given.IgnorePublicAcls ?? false,
      blockPublicPolicy: given.BlockPublicPolicy ?? false,
      restrictPublicBuckets: given.RestrictPublicBuckets ?? false,
    });
    return { output: {} };
  },
});
