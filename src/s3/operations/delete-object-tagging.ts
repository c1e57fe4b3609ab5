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
    const { versionId } = await meetingMarkers(request.engine.objects.setTags(bucket, input.Key, input.VersionId, []));
    return { output: { VersionId: shownVersionId(bucket, versionId) } };
  },
});
