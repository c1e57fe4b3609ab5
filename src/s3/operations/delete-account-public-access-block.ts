/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_DeletePublicAccessBlock.html */
import { operation } from '../operation.ts';

export const deleteAccountPublicAccessBlock = operation({
  name: 'DeleteAccountPublicAccessBlock',
  supports: [],
  async run({ accountBlocks, identity }) {
    await accountBlocks.put(identity.accountId, undefined);
    // S3 answers 204, though its model says 200.
    return { status: 204, output: {} };
  },
});
