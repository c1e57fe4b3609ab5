/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
import { archiveStatus } from '../archived-objects.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { operation } from '../operation.ts';
import { openVersion, readInputs } from '../read-version.ts';

export const headObject = operation({
  name: 'HeadObject',
  supports: readInputs,
  async run(request, input) {
    const { version, status, output } = await openVersion(request, input);
    // A checksum tells something of the bytes.
    if (input.ChecksumMode === 'ENABLED') requireKeyToRead(request, version.attributes.encryption);
    return { status, output: { ...output, ...archiveStatus(request, version) } };
  },
});
