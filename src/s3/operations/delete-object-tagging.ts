/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
import { meetingMarkers } from '../current-marker.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';

export const deleteObjectTagging = operation({
  name: 'DeleteObjectTagging',
  supports: ['VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const target = { bucket, key: input.Key, versionId: input.VersionId, cause: request.cause() };
    const { versionId } = await meetingMarkers(request.engine.objects.setTags(target, 'none'));
    return { output: { VersionId: shownVersionId(bucket, versionId) } };
  },
});
