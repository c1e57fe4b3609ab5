/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
import { checkReadable } from '../archived-objects.ts';
import { requireKeyToRead } from '../encryption/key-use.ts';
import { operation } from '../operation.ts';
import { openVersion, readInputs } from '../read-version.ts';

export const getObject = operation({
  name: 'GetObject',
  supports: readInputs,
  async run(request, input) {
    const { version, customerKey, range, status, output } = await openVersion(request, input);
    checkReadable(request, version);
    requireKeyToRead(request, version.attributes.encryption);
    const { objects, tiering } = request.engine;
    tiering.noteAccess(version);
    const recalled = objects.recall(version, range, customerKey);
    if (recalled !== undefined) return { status, output: { ...output, Body: recalled } };
    const read = await objects.read(version, range, customerKey);
    return { status, output: { ...output, Body: (await read.takeWhole()) ?? read } };
  },
});
