/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_PutPublicAccessBlock.html */
import { S3Error } from '../errors.ts';
import { operation } from '../operation.ts';
import { readBlockElement } from '../public-access-block.ts';

export const putAccountPublicAccessBlock = operation({
  name: 'PutAccountPublicAccessBlock',
  supports: ['PublicAccessBlockConfiguration'],
  async run({ accountBlocks, identity }, { PublicAccessBlockConfiguration: given }) {
    if (Object.keys(given).length === 0) {
      throw new S3Error('InvalidRequest', { message: 'Must specify at least one configuration.' });
    }
    await accountBlocks.put(identity.accountId, readBlockElement(given));
    return { output: {} };
  },
});
