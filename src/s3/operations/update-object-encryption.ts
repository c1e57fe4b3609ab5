/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html */
import { meetingMarkers } from '../current-marker.ts';
import { readNewKey, requestRekeying } from '../encryption/rekeying.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import { checkObjectAddress } from '../object-address.ts';
import { operation } from '../operation.ts';
import { isSignedByVersion4 } from '../signature-version.ts';

export const updateObjectEncryption = operation({
  name: 'UpdateObjectEncryption',
  supports: ['ChecksumAlgorithm', 'ObjectEncryption', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    if (!isSignedByVersion4(request)) {
      throw invalidRequest(
        'Requests that modify an object encryption configuration require AWS Signature Version 4. ' +
          'Modify the request to use AWS Signature Version 4, and then try again.',
      );
    }
    const named = readNewKey(input.ObjectEncryption);
    const target = { bucket: request.bucket(), key: input.Key, versionId: input.VersionId };
    await meetingMarkers(requestRekeying(request, target, named));
    return { output: {} };
  },
});
