/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html */
import { writePublicAccessBlock } from '../../engine/access-documents.ts';
import { operation } from '../operation.ts';

export const deletePublicAccessBlock = operation({
  name: 'DeletePublicAccessBlock',
  supports: [],
  async run(request) {
    await writePublicAccessBlock(request.engine.buckets, request.bucket(), undefined);
    return { output: {} };
  },
});
