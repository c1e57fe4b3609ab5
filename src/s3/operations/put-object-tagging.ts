/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
import { meetingMarkers } from '../current-marker.ts';
import { checkObjectAddress, shownVersionId } from '../object-address.ts';
import { operation } from '../operation.ts';
import { readReplica, setReplicaAttributes } from '../replication/replicas.ts';
import { parseObjectTags } from '../tagging.ts';

export const putObjectTagging = operation({
  name: 'PutObjectTagging',
  supports: ['ChecksumAlgorithm', 'Tagging', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const tags = parseObjectTags(input.Tagging.TagSet);
    const replica = readReplica(request);
    if (replica !== undefined) {
      await setReplicaAttributes(request, replica, { key: input.Key, versionId: input.VersionId, tags });
      return { output: { VersionId: input.VersionId } };
    }
    const target = { bucket, key: input.Key, versionId: input.VersionId, cause: request.cause() };
    const { versionId } = await meetingMarkers(request.engine.objects.setTags(target, tags));
    return { output: { VersionId: shownVersionId(bucket, versionId) } };
  },
});
