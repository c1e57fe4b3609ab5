/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html */
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';
import { blockElement } from '../public-access-block.ts';

export const getAccountPublicAccessBlock = operation({
  name: 'GetAccountPublicAccessBlock',
  supports: [],
  async run({ accountBlocks, identity }) {
    const block = accountBlocks.of(identity.canonicalId);
    if (block === undefined) {
      throw new S3Error('NoSuchPublicAccessBlockConfiguration', { fields: { AccountId: identity.accountId } });
    }
    return { output: { PublicAccessBlockConfiguration: blockElement(block) } };
  },
});
