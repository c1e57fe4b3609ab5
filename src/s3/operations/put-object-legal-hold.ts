/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLegalHold.html */
import { meetingMarkers } from '../current-marker.ts';
import { S3Error } from '../errors.ts';
import { checkObjectAddress } from '../object-address.ts';
import { requireObjectLock } from '../object-lock/locked-buckets.ts';
import { operation } from '../operation.ts';

export const putObjectLegalHold = operation({
  name: 'PutObjectLegalHold',
  supports: ['ChecksumAlgorithm', 'LegalHold', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const status = input.LegalHold?.Status;
    if (status === undefined) throw new S3Error('MalformedXML');
    await requireObjectLock(request);
    const target = { bucket: request.bucket(), key: input.Key, versionId: input.VersionId, cause: request.cause() };
    await meetingMarkers(request.engine.locks.setLegalHold(target, status));
    return { output: {} };
  },
});
