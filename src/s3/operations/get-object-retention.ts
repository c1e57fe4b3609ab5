/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectRetention.html */
import { meetingMarkers } from '../current-marker.ts';
import { S3Error } from '../errors.ts';
import { checkObjectAddress } from '../object-address.ts';
import { requireObjectLock } from '../object-lock/locked-buckets.ts';
import { operation } from '../operation.ts';

export const getObjectRetention = operation({
  name: 'GetObjectRetention',
  supports: ['VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    await requireObjectLock(request);
    const { attributes } = await meetingMarkers(
      request.engine.objects.find(request.bucket(), input.Key, input.VersionId),
    );
    const retention = attributes.lock?.retention;
    if (retention === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
    return { output: { Retention: { Mode: retention.mode, RetainUntilDate: new Date(retention.untilMs) } } };
  },
});
