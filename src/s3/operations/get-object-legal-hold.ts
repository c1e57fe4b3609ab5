/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectLegalHold.html */
import { meetingMarkers } from '../current-marker.ts';
import { S3Error } from '../errors.ts';
import { checkObjectAddress } from '../object-address.ts';
import { requireObjectLock } from '../object-lock/locked-buckets.ts';
import { operation } from '../operation.ts';

export const getObjectLegalHold = operation({
  name: 'GetObjectLegalHold',
  supports: ['VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    await requireObjectLock(request);
    const { attributes } = await meetingMarkers(
      request.engine.objects.find(request.bucket(), input.Key, input.VersionId),
    );
    const status = attributes.lock?.legalHold;
    if (status === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
    return { output: { LegalHold: { Status: status } } };
  },
});
