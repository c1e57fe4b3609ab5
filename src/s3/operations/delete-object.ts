/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
import { deleteConditions } from '../conditions.ts';
import { invalidRequest } from '../lifecycle/refusals.ts';
import { checkObjectAddress } from '../object-address.ts';
import { operation } from '../operation.ts';
import { makesMarker } from '../replication/minio-replicas.ts';
import { identityOf, readReplica, tellersOf } from '../replication/replicas.ts';

export const deleteObject = operation({
  name: 'DeleteObject',
  supports: ['BypassGovernanceRetention', 'IfMatch', 'IfMatchLastModifiedTime', 'IfMatchSize', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const bucket = request.bucket();
    const replica = readReplica(request);
    if (replica !== undefined && input.VersionId !== undefined && !makesMarker(request)) {
      throw invalidRequest('Only delete markers are replicated, not the removal of versions');
    }
    const conditions = deleteConditions({
      etag: input.IfMatch,
      lastModified: input.IfMatchLastModifiedTime,
      size: input.IfMatchSize,
    });
    const { deleteMarker, versionId, size } = await request.engine.objects.delete({
      bucket,
      key: input.Key,
      owner: bucket.owner,
      bypassesGovernance: input.BypassGovernanceRetention === true,
      cause: request.cause(),
      ...(replica !== undefined && { ...identityOf(replica), tellers: tellersOf(request) }),
      ...(input.VersionId !== undefined && replica === undefined && { versionId: input.VersionId }),
      ...(conditions !== undefined && { conditions }),
    });
    if (request.notes !== undefined) request.notes.objectSize = size;
    return { output: { DeleteMarker: deleteMarker || undefined, VersionId: versionId } };
  },
});
