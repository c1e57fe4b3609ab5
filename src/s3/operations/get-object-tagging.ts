/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
import { meetingMarkers } from '../current-marker.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';
import { sortedTagElements } from '../tagging.ts';

export const getObjectTagging = operation({
  name: 'GetObjectTagging',
  supports: ['VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const { attributes, versionId } = await meetingMarkers(
      request.engine.objects.find(bucket, input.Key, input.VersionId),
    );
    return { output: { TagSet: sortedTagElements(attributes.tags), VersionId: shownVersionId(bucket, versionId) } };
  },
});
