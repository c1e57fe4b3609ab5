/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html */
import { writePublicAccessBlock } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';
import { readBlockElement } from '../public-access-block.ts';

export const putPublicAccessBlock = operation({
  name: 'PutPublicAccessBlock',
  supports: ['PublicAccessBlockConfiguration'],
  async run(request, { PublicAccessBlockConfiguration: given }) {
    await writePublicAccessBlock(request.engine.buckets, request.bucket(), readBlockElement(given));
    return { output: {} };
  },
});
