/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
import { checksumInputs, typedChecksumMembers } from '../checksum-members.ts';
import { quoteEtag, writeConditions } from '../conditions.ts';
import { checkObjectAddress, writtenVersionId } from '../object-address.ts';
import { attributeInputs, parseAttributes } from '../object-attributes.ts';
import { operation } from '../operation.ts';
import { aclInputs, objectLockInputs, refuseAcls, refuseObjectLock } from '../refused-features.ts';

export const putObject = operation({
  name: 'PutObject',
  supports: [...attributeInputs, ...checksumInputs, ...aclInputs, ...objectLockInputs, 'IfMatch', 'IfNoneMatch'],
  async run(request, input) {
    checkObjectAddress(input);
    refuseAcls(input);
    refuseObjectLock(input);
    const bucket = request.bucket();
    const conditions = writeConditions(input);
    const version = await request.engine.objects.put({
      bucket,
      key: input.Key,
      attributes: parseAttributes(bucket, input),
      source: request.body(),
      ...(conditions !== undefined && { conditions }),
    });
    return {
      output: {
        ETag: quoteEtag(version.etag),
        ...typedChecksumMembers(version.checksum),
        VersionId: writtenVersionId(version.versionId),
      },
    };
  },
});
